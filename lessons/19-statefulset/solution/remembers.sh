uid=$(kubectl get pod notes-1 -o jsonpath='{.metadata.uid}' -n {namespace})
kubectl delete pod notes-1 -n {namespace}
until [ "$(kubectl get pod notes-1 -o jsonpath='{.metadata.uid}' -n {namespace})" != "$uid" ]; do sleep 1; done
kubectl wait pod/notes-1 --for=condition=Ready -n {namespace}
births=$(kubectl exec notes-1 -n {namespace} -- sh -c 'wc -l < /data/births')
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"births\":\"$births\"}}"
