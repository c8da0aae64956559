kubectl create configmap answers --from-literal=default=web -n {namespace}
kubectl set image pod/duo metrics=minikweb/demo:1 -n {namespace}
