chart="${TMPDIR:-/tmp}/{namespace}-mine"
printf 'web:\n  replicas: 1\n  image:\n    name: minikweb/demo\n    tag: "1"\n' > "$chart/values.yaml"
sed -i.bak 's/replicas: 1/replicas: {{ .Values.web.replicas }}/; s|image: .*|image: "{{ .Values.web.image.name }}:{{ .Values.web.image.tag }}"|' "$chart/templates/deployment.yaml" && rm "$chart"/templates/*.bak
helm upgrade first "$chart" --set web.replicas=3 --set web.image.tag=2 -n {namespace}
helm upgrade second "$chart" -n {namespace}
