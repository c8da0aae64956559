kubectl delete ingress web -n {namespace}
kubectl create ingress web --rule="shop.{namespace}.localhost/*=shop:80" --rule="shop.{namespace}.localhost/stock*=stock:80" -n {namespace}
