kubectl apply -f {manifests}/clash.yaml -n {namespace}
until kubectl logs clash -c metrics -n {namespace} | grep 'cannot listen' || kubectl logs clash -c web -n {namespace} | grep 'cannot listen'; do sleep 1; done
kubectl patch configmap answers -n {namespace} -p '{"data":{"clash":"demo: cannot listen on port 8080"}}'
