kubectl patch application {namespace}-shop -n argocd --type=merge -p '{"operation":{"sync":{}}}'
