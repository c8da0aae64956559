until kubeseal --fetch-cert > /dev/null; do sleep 1; done # in a cluster that has just started it may not answer yet
kubectl create secret generic database --from-literal=password=bepo --dry-run=client -o yaml -n {namespace} | kubeseal -o yaml | kubectl apply -f -
