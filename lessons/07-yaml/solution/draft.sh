kubectl create deployment generated --image=minikweb/demo:1 --replicas=2 -n {namespace} --dry-run=client -o yaml | kubectl apply -f -
