address=$(kubectl get service web -o jsonpath='{.spec.clusterIP}' -n {namespace})
kubectl run call --image=minikweb/demo:1 --restart=Never -n {namespace} -- wget -qO- "http://$address"
