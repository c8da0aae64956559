kubectl create configmap answers --from-literal=deployment=apps/v1 -n {namespace}
