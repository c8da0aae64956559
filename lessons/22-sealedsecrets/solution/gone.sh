rm -f "${TMPDIR:-/tmp}/{namespace}-sealed.yaml"
kubectl delete sealedsecrets --all -n {namespace}
