GROUP={namespace}.example.com nohup kopf run --standalone -n {namespace} operator.py > /dev/null 2>&1 &
echo $! > "${TMPDIR:-/tmp}/{namespace}-operator.pid"
