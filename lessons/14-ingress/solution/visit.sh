port=$(kubectl get service traefik -o jsonpath='{.spec.ports[0].port}' -n kube-system)
kubectl run visitor --image=minikweb/demo:1 --restart=Never -n {namespace} -- wget -qO- --header "Host: shop.{namespace}.localhost" "http://traefik.kube-system:$port"
