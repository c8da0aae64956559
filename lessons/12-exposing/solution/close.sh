kubectl patch service web-node -p '{"spec":{"type":"ClusterIP"}}' -n {namespace}
kubectl delete service web-public web-too --ignore-not-found -n {namespace}
