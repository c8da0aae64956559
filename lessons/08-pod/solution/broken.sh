kubectl apply -f {manifests}/broken.yaml -n {namespace}
kubectl patch configmap answers -n {namespace} -p '{"data":{"reason":"InvalidImageName"}}'
