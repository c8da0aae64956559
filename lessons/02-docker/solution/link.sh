kubectl create configmap answers --from-literal=registry=registry.example.com --from-literal=tag=2.10 -n {namespace}
