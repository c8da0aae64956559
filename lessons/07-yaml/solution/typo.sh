kubectl apply -n {namespace} -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: careful
spec:
  containers:
    - name: demo
      image: minikweb/demo:1
YAML
