kubectl create configmap answers -n {namespace} --from-literal=ip="$(kubectl get pod back-1 -n {namespace} -o jsonpath='{.status.podIP}')"
