kubectl create configmap answers --from-literal=nodes="$(kubectl get nodes -o name | wc -l | tr -d " ")" -n {namespace}
