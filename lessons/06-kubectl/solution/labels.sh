kubectl apply -f {manifests}/shop.yaml -n {namespace}
kubectl delete pods -l tier=trial -n {namespace}
kubectl wait --for=condition=Ready pods --all -n {namespace} --timeout=60s
