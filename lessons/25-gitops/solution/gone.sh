kubectl delete application {namespace}-shop -n argocd
git -C "${TMPDIR:-/tmp}/{namespace}-git/shop" push --quiet --delete origin {namespace}
rm -rf "${TMPDIR:-/tmp}/{namespace}-git"
