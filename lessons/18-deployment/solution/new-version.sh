kubectl set image deployment/web demo=minikweb/demo:2 -n {namespace}
kubectl rollout status deployment/web -n {namespace} --timeout=120s
kubectl annotate deployment/web kubernetes.io/change-cause="version 2" -n {namespace}
