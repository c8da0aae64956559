cd "${TMPDIR:-/tmp}/{namespace}-git/shop"
git revert --no-edit HEAD
git push --quiet
