kubectl run box --image=minikweb/demo:1 -n {namespace}
kubectl patch configmap answers -n {namespace} -p '{"data":{"container":"box"}}'
