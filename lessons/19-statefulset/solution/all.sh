kubectl patch statefulset es -n {namespace} -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'
kubectl rollout status statefulset/es -n {namespace} --timeout=60s
