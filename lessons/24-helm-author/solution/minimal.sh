chart="${TMPDIR:-/tmp}/{namespace}-mine" && rm -rf "$chart" && mkdir -p "$chart/templates"
printf 'apiVersion: v2\nname: mine\nversion: 0.1.0\nappVersion: 1.4.2\n' > "$chart/Chart.yaml"
cp deployment.yaml "$chart/templates/deployment.yaml"
helm install first "$chart" -n {namespace}
