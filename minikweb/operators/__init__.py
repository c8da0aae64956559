"""Controllers of custom resources that come with the cluster. Take one off the list and the cluster runs on without it.

Each is an ordinary client of the API, as anybody's operator is: it brings its CustomResourceDefinition along, follows
it, and keeps the objects true. MINIKWEB_OPERATORS names those to run (all by default, `none` for none). Where the
original is installed beside it, it stands aside.

sealedsecrets/   what sealed-secrets-controller does: SealedSecrets become Secrets
argocd/          what argocd-application-controller does: Applications become what git says
"""
