helm upgrade my-hello minikweb/hello --values "${TMPDIR:-/tmp}/{namespace}-mine.yaml" -n {namespace}
