kubectl create service externalname front --external-name=web.{namespace}.svc.cluster.local -n {namespace}
