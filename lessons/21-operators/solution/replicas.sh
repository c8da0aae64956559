kubectl patch website blog --type=merge -p '{"spec":{"replicas":3}}' -n {namespace}
kill "$(cat "${TMPDIR:-/tmp}/{namespace}-operator.pid")"
sed 's/"replicas": 1,/"replicas": spec.get("replicas", 1),/' operator.py > "${TMPDIR:-/tmp}/{namespace}-operator.py"
GROUP={namespace}.example.com nohup kopf run --standalone -n {namespace} "${TMPDIR:-/tmp}/{namespace}-operator.py" > /dev/null 2>&1 &
echo $! > "${TMPDIR:-/tmp}/{namespace}-operator.pid"
