kubectl create deployment stock --image=minikweb/demo:2 -n {namespace}
kubectl expose deployment stock --port=80 --target-port=8080 -n {namespace}
