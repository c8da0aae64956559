chart="${TMPDIR:-/tmp}/{namespace}-mine"
cat > "$chart/templates/_helpers.tpl" <<'YAML'
{{- define "mine.labels" -}}
app: web
version: {{ .Chart.AppVersion | toString | replace "." "-" | quote }}
{{- end }}
YAML
sed -i.bak 's/^  name: {{ .Release.Name }}-web$/&\n  labels:\n    {{- include "mine.labels" . | nindent 4 }}/' "$chart/templates/deployment.yaml" "$chart/templates/service.yaml" && rm "$chart"/templates/*.bak
helm upgrade first "$chart" --reuse-values -n {namespace}
