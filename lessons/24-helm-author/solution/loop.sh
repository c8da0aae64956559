chart="${TMPDIR:-/tmp}/{namespace}-mine"
printf '          env:\n            {{- range $name, $value := .Values.web.env }}\n            - name: {{ $name }}\n              value: {{ $value | quote }}\n            {{- end }}\n' >> "$chart/templates/deployment.yaml"
helm upgrade first "$chart" --reuse-values --set web.env.GREETING=Bonjour -n {namespace}
