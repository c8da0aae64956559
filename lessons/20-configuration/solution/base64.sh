kubectl apply -f {manifests}/vault.yaml -n {namespace}
kubectl create configmap answers -n {namespace} \
  --from-literal=combination="$(kubectl get secret vault -n {namespace} -o jsonpath='{.data.combination}' | base64 -d)"
