helm repo add minikweb {server}/charts --force-update
helm search repo minikweb/hello --versions
kubectl create configmap answers --from-literal=chart=0.2.0 -n {namespace}
