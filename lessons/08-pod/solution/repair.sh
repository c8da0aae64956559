kubectl set image pod/broken demo=minikweb/demo:1 -n {namespace}
