kubectl apply -f {manifests}/picky.yaml -n {namespace}
kubectl patch configmap answers -n {namespace} -p '{"data":{"why":"FailedScheduling"}}'
