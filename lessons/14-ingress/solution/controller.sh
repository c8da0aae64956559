kubectl rollout status deployment/traefik -n kube-system
kubectl create configmap answers --from-literal=class="$(kubectl get ingressclasses -o jsonpath='{.items[0].metadata.name}')" -n {namespace}
