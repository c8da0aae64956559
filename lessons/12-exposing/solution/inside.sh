kubectl create deployment web --image=minikweb/demo:1 --replicas=2 -n {namespace}
kubectl expose deployment web --port=80 --target-port=8080 -n {namespace}
