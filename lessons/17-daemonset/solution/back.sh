kubectl label node --all monitored-
kubectl patch daemonset agent -n {namespace} -p '{"spec":{"template":{"spec":{"nodeSelector":null}}}}'
