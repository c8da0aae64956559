kubectl patch configmap answers -n {namespace} -p '{"data":{"range":"30000-32767"}}'
