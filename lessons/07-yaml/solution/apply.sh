kubectl apply -n {namespace} -f - <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata:
  name: card
  labels:
    env: final
data:
  chapter: yaml
  author: moi
YAML
