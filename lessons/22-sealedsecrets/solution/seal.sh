kubectl create secret generic database --from-literal=password=azerty --dry-run=client -o yaml -n {namespace} | kubeseal -o yaml > "${TMPDIR:-/tmp}/{namespace}-sealed.yaml"
kubectl apply -f "${TMPDIR:-/tmp}/{namespace}-sealed.yaml"
