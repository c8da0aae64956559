helm uninstall first second -n {namespace}
rm -rf "${TMPDIR:-/tmp}/{namespace}-mine"
