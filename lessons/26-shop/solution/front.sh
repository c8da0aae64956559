kubectl set image deployment/front front=minikweb/demo:1 -n {namespace}
