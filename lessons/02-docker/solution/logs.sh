port=$(kubectl logs search -n {namespace} | head -1 | sed 's/.*on port //')
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"port\":\"$port\"}}"
