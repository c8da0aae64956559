kubectl run client --image=minikweb/demo:1 -n {namespace}
kubectl wait pod/client --for=condition=Ready -n {namespace}
server=$(kubectl exec client -n {namespace} -- sed -n 's/^nameserver //p' /etc/resolv.conf)
kubectl create configmap answers --from-literal=nameserver="$server" -n {namespace}
