kubectl run canary --image=minikweb/demo:2 --labels=app=web -n {namespace}
