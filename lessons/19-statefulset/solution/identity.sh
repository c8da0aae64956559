uid=$(kubectl get pod es-1 -n {namespace} -o jsonpath='{.metadata.uid}')
kubectl create configmap answers --from-literal=uid="$uid" -n {namespace}
kubectl delete pod es-1 -n {namespace} --wait=false
