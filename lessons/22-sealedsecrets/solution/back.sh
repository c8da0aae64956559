uid=$(kubectl get secret database -o jsonpath='{.metadata.uid}' -n {namespace})
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"before\":\"$uid\"}}"
kubectl delete secret database -n {namespace}
