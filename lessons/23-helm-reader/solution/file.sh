printf 'replicas: 3\ngreeting: Bienvenue\n' > "${TMPDIR:-/tmp}/{namespace}-mine.yaml"
helm upgrade my-hello minikweb/hello --version 0.1.0 --values "${TMPDIR:-/tmp}/{namespace}-mine.yaml" -n {namespace}
