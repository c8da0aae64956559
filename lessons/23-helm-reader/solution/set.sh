helm upgrade my-hello minikweb/hello --version 0.1.0 --set replicas=3 -n {namespace}
