kubectl delete job fragile -n {namespace}
kubectl apply -f {manifests}/repaired.yaml -n {namespace}
