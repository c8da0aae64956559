kubectl delete website blog -n {namespace}
