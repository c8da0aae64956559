cd "${TMPDIR:-/tmp}/{namespace}-git/shop"
git config user.name Learner && git config user.email learner@example.com
git checkout --quiet -B {namespace} origin/dev
sed -i.bak 's/replicas: 1/replicas: 4/' web/deployment.yaml && rm web/deployment.yaml.bak
git commit --quiet --all -m "Four of them"
git push --quiet --force -u origin {namespace} || git push --quiet -u origin {namespace}
kubectl patch application {namespace}-shop -n argocd --type=merge -p '{"spec":{"source":{"targetRevision":"{namespace}"}}}'
