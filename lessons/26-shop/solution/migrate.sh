kubectl delete job migrate -n {namespace}
kubectl apply -n {namespace} -f - <<'YAML'
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: minikweb/demo:1
          command: ["sh", "-c", "test -n \"$DATABASE\" && echo migrating $DATABASE"]
          env:
            - {name: DATABASE, value: shop}
YAML
