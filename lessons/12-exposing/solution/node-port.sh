kubectl expose deployment web --name=web-node --type=NodePort --port=80 --target-port=8080 -n {namespace}
port=$(kubectl get service web-node -o jsonpath='{.spec.ports[0].nodePort}' -n {namespace})
kubectl create configmap answers --from-literal=port="$port" -n {namespace}
