folder=$(mktemp -d)
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=shop.{namespace}.localhost -keyout "$folder/shop.key" -out "$folder/shop.crt"
kubectl create secret tls shop-tls --cert="$folder/shop.crt" --key="$folder/shop.key" -n {namespace}
rm -r "$folder"
kubectl patch ingress web -p '{"spec":{"tls":[{"hosts":["shop.{namespace}.localhost"],"secretName":"shop-tls"}]}}' -n {namespace}
