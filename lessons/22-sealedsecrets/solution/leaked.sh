kubectl create configmap answers --from-literal=leaked="$(echo bW90LWRlLXBhc3NlLTEyMw== | base64 -d)" -n {namespace}
