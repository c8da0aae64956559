chart="${TMPDIR:-/tmp}/{namespace}-mine"
sed -i.bak 's/name: web$/name: {{ .Release.Name }}-web/; s/{app: web}/{app: web, release: {{ .Release.Name }}}/; s/- name: {{ .Release.Name }}-web/- name: web/' "$chart/templates/deployment.yaml" && rm "$chart"/templates/*.bak
helm upgrade first "$chart" -n {namespace}
helm install second "$chart" -n {namespace}
