kubectl create ingress admin --rule="admin.{namespace}.localhost/*=stokc:8080" -n {namespace}
kubectl patch ingress admin --type=json -p '[{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service","value":{"name":"stock","port":{"number":80}}}]' -n {namespace}
