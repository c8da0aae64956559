kubectl rollout undo deployment/web -n {namespace}
kubectl rollout status deployment/web -n {namespace} --timeout=120s
