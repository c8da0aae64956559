kubectl create configmap answers --from-literal=shortname=cm --from-literal=scope=node -n {namespace}
