uid=$(kubectl get configmap notice -n {namespace} -o jsonpath='{.metadata.uid}')
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"uid\":\"$uid\"}}"
kubectl delete configmap notice -n {namespace}
kubectl create configmap notice --from-literal=text=ouvert -n {namespace}
