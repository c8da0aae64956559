kubectl create configmap messages --from-literal=welcome=Bienvenue -n {namespace}
