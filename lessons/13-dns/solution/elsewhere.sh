kubectl patch configmap answers -n {namespace} -p '{"data":{"api":"kubernetes.default"}}'
