kubectl delete statefulset notes -n {namespace}
kubectl delete persistentvolumeclaims -l app=notes --wait=false -n {namespace}
