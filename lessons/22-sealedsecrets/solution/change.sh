kubectl create secret generic database --from-literal=password=bepo --dry-run=client -o yaml -n {namespace} | kubeseal -o yaml | kubectl apply -f -
