uid=$(kubectl get deployment blog -o jsonpath='{.metadata.uid}' -n {namespace})
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"before\":\"$uid\"}}"
kubectl delete deployment blog -n {namespace}
