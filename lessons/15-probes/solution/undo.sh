kubectl rollout undo deployment/web -n {namespace}
