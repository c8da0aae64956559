helm rollback my-hello 1 -n {namespace}
