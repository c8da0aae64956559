port=$(kubectl get service web-node -o jsonpath='{.spec.ports[0].nodePort}' -n {namespace})
node=$(kubectl get nodes -o jsonpath='{.items[-1:].status.addresses[0].address}')
kubectl run rounds --image=minikweb/demo:1 --restart=Never -n {namespace} -- wget -qO- "http://$node:$port"
