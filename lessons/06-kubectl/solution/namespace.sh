kubectl create namespace {namespace}-lab
kubectl run back-1 --image=minikweb/demo:1 -n {namespace}-lab
