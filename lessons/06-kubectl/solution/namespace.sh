kubectl get namespace {namespace}-lab >/dev/null 2>&1 || kubectl create namespace {namespace}-lab
kubectl run back-1 --image=minikweb/demo:1 -n {namespace}-lab
