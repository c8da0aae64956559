port=$(kubectl get service web-public -o jsonpath='{.spec.ports[0].port}' -n {namespace})
kubectl expose deployment web --name=web-too --type=LoadBalancer --port="$port" --target-port=8080 -n {namespace}
kubectl patch configmap answers -n {namespace} -p '{"data":{"reason":"PortUnavailable"}}'
