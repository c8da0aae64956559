sed 's/name: database/name: stolen/' "${TMPDIR:-/tmp}/{namespace}-sealed.yaml" | kubectl apply -f -
