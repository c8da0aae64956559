chart="${TMPDIR:-/tmp}/{namespace}-mine"
printf 'service:\n  enabled: false\n' >> "$chart/values.yaml"
cat > "$chart/templates/service.yaml" <<'YAML'
{{- if .Values.service.enabled }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-web
spec:
  selector: {app: web, release: {{ .Release.Name }}}
  ports:
    - {port: 80, targetPort: 8080}
{{- end }}
YAML
helm upgrade second "$chart" -n {namespace}
helm upgrade first "$chart" --set web.replicas=3 --set web.image.tag=2 --set service.enabled=true -n {namespace}
