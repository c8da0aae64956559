#!/bin/sh
# Writes the kubeconfig of the account this pod runs as, then waits: a terminal is a process beside it.
account=/var/run/secrets/kubernetes.io/serviceaccount
cat > "$KUBECONFIG" <<END
apiVersion: v1
kind: Config
current-context: minikweb
clusters:
- name: minikweb
  cluster:
    server: https://${KUBERNETES_SERVICE_HOST:-kubernetes.default.svc}:${KUBERNETES_SERVICE_PORT:-443}
    certificate-authority: $account/ca.crt
users:
- name: $NAMESPACE
  user:
    tokenFile: $account/token
contexts:
- name: minikweb
  context: {cluster: minikweb, user: $NAMESPACE, namespace: $NAMESPACE}
END
exec sleep infinity
