node=$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')
echo '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"lonely"},"target":{"apiVersion":"v1","kind":"Node","name":"'"$node"'"}}' |
  kubectl create --raw /api/v1/namespaces/{namespace}/pods/lonely/binding -f -
