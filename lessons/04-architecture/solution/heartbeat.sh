leader=$(kubectl get lease kube-controller-manager -n kube-system -o jsonpath='{.spec.holderIdentity}')
kubectl patch configmap answers -n {namespace} -p "{\"data\":{\"leader\":\"$leader\"}}"
