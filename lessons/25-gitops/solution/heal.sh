kubectl patch application {namespace}-shop -n argocd --type=merge -p '{"spec":{"syncPolicy":{"automated":{"prune":true,"selfHeal":true}}}}'
kubectl scale deployment web --replicas=5 -n {namespace}
