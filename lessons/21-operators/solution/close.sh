kill "$(cat "${TMPDIR:-/tmp}/{namespace}-operator.pid")"
rm "${TMPDIR:-/tmp}/{namespace}-operator.pid" "${TMPDIR:-/tmp}/{namespace}-operator.py"
kubectl delete crd websites.{namespace}.example.com
