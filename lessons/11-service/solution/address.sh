kubectl run alone --image=minikweb/demo:1 -n {namespace}
kubectl wait pod/alone --for=condition=Ready -n {namespace}
kubectl create configmap answers --from-literal=before="$(kubectl get pod alone -o jsonpath='{.status.podIP}' -n {namespace})" -n {namespace}
