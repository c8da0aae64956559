kubectl run newborn --image=minikweb/demo:1 -n {namespace}
kubectl patch configmap answers -n {namespace} -p '{"data":{"scheduled":"default-scheduler","started":"kubelet"}}'
