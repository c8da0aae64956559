kubectl apply -n {namespace} -f - <<'YAML'
apiVersion: {namespace}.example.com/v1
kind: Website
metadata:
  name: blog
spec:
  image: minikweb/demo:1
YAML
kubectl create configmap answers --from-literal=deployments=0 -n {namespace}
