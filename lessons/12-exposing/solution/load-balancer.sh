port=$((8100 + $$ % 900)) # any port that is free on this machine
kubectl expose deployment web --name=web-public --type=LoadBalancer --port="$port" --target-port=8080 -n {namespace}
