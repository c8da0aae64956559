kubectl create configmap register --from-literal=name=Ada -n {namespace}
