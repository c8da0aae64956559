kubectl set image pod/blocked migrate=minikweb/demo:1 -n {namespace}
