kubectl scale deployment web --replicas=4 -n {namespace}
address=$(kubectl get service web -o jsonpath='{.spec.clusterIP}' -n {namespace})
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"service\":\"$address\"}}"
