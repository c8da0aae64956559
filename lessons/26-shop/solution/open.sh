kubectl create ingress shop --rule="shop.{namespace}.localhost/*=front:80" -n {namespace}
kubectl rollout status deployment/traefik -n kube-system
port=$(kubectl get service traefik -o jsonpath='{.spec.ports[0].port}' -n kube-system)
until kubectl get ingress shop -o jsonpath='{.status.loadBalancer.ingress[0]}' -n {namespace} | grep -q .; do sleep 1; done
kubectl run customer --image=minikweb/demo:1 --restart=Never -n {namespace} -- sh -c "until wget -qO- --header 'Host: shop.{namespace}.localhost' http://traefik.kube-system:$port; do sleep 1; done"
