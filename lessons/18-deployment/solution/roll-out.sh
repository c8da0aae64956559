kubectl create deployment web --image=minikweb/demo:1 --replicas=3 -n {namespace}
kubectl rollout status deployment/web -n {namespace} --timeout=120s
