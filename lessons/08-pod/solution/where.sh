kubectl create configmap answers -n {namespace} \
  --from-literal=node="$(kubectl get pod hello -n {namespace} -o jsonpath='{.spec.nodeName}')"
