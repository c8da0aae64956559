port=$((9100 + $$ % 900)) # another free one
kubectl patch service web-too --type=json -p "[{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":$port}]" -n {namespace}
