helm uninstall my-hello -n {namespace}
helm repo remove minikweb
rm -f "${TMPDIR:-/tmp}/{namespace}-mine.yaml"
