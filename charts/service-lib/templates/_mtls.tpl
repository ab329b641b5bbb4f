{{/* Who signs the certificates: the installation's own issuer, or the one of this release. */}}
{{- define "dailydoco.issuerRef" -}}
{{- $ref := .root.Values.global.mtls.issuerRef -}}
{{- if $ref.name -}}
name: {{ $ref.name }}
kind: {{ $ref.kind }}
group: {{ $ref.group }}
{{- else -}}
name: {{ .root.Release.Name }}-ca
kind: Issuer
group: cert-manager.io
{{- end -}}
{{- end }}

{{/*
The name by which a service is known when it calls: the first DNS name of its certificate. The other names are those by which
it is called.
*/}}
{{- define "dailydoco.certificate" -}}
{{- if .root.Values.global.mtls.enabled -}}
{{- $full := include "dailydoco.fullname" . -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  secretName: {{ $full }}-tls
  duration: {{ .root.Values.global.mtls.duration }}
  renewBefore: {{ .root.Values.global.mtls.renewBefore }}
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  usages: [digital signature, server auth, client auth]
  dnsNames:
    - {{ $full }}
    - {{ $full }}-grpc
    - {{ $full }}-grpc.{{ .root.Release.Namespace }}
    - {{ $full }}-grpc.{{ .root.Release.Namespace }}.svc
  issuerRef:
    {{- include "dailydoco.issuerRef" . | nindent 4 }}
{{- end -}}
{{- end }}

{{/*
Names of those that may call a workload by gRPC: the service's callers in service.yaml. Nobody calls its background work; somebody
has to be named, because no list would mean everybody: itself.
*/}}
{{- define "dailydoco.grpcClients" -}}
{{- $names := list -}}
{{- if eq .component "background" -}}
{{- $names = list (include "dailydoco.serviceFullname" .) -}}
{{- else -}}
{{- range .facts.callers -}}
{{- $names = append $names (include "dailydoco.fullname" (dict "root" $.root "name" .)) -}}
{{- end -}}
{{- end -}}
{{ join "," $names }}
{{- end }}
