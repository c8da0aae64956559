kubectl create cronjob report --image=minikweb/demo:1 --schedule='*/5 * * * *' -n {namespace} -- sh -c 'echo report sent'
