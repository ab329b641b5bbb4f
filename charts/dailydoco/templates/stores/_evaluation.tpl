{{/* What the evaluation's stores have in common. Each is one pod on one node: losing the node or the volume loses what it holds. */}}

{{- define "dailydoco.evaluation.annotations" -}}
dailydoco.dev/not-for-production: "One pod, one copy of its data, no backup. Use global.stores.*.mode for stores that are run properly."
{{- end }}

{{/* Takes storage: {size, className}, root and name. Labels here can never change, so that no version stands among them. */}}
{{- define "dailydoco.evaluation.volumeClaim" -}}
metadata:
  name: data
  labels: {{- include "dailydoco.selectorLabels" . | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .storage.className }}
  storageClassName: {{ . }}
  {{- end }}
  resources: {requests: {storage: {{ .storage.size }}}}
{{- end }}
