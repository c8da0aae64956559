kubectl apply -f {manifests}/shop.yaml -n {namespace}
kubectl set selector service/shop app=web -n {namespace}
