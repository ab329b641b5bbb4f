{{/*
All resources of one service. A thin chart calls this and nothing else:

    {{ include "dailydoco.service" . }}

What the service is (whom it calls, what it consumes) stands in the chart's own service.yaml; what an installation may choose
stands in its values. Each template below takes a dict: root, name, component, values, and facts (service.yaml).
*/}}
{{- define "dailydoco.service" -}}
{{- $facts := .Files.Get "service.yaml" | fromYaml -}}
{{- if hasKey $facts "Error" -}}
{{- fail (printf "charts/%s/service.yaml is no YAML: %s" .Chart.Name $facts.Error) -}}
{{- end -}}
{{- $given := dict "root" . "name" .Chart.Name "component" "service" "values" .Values "facts" $facts -}}
{{- include "dailydoco.checkService" $given -}}
{{- $parts := list
  "dailydoco.serviceAccount"
  "dailydoco.httpService"
  "dailydoco.grpcService"
  "dailydoco.sitesClaim"
  "dailydoco.deployment"
  "dailydoco.podDisruptionBudget"
  "dailydoco.horizontalPodAutoscaler"
  "dailydoco.scaledObject"
  "dailydoco.serviceMonitor"
  "dailydoco.certificate" -}}
{{- range $part := $parts }}
{{- with include $part $given | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- include "dailydoco.background" $given }}
---
{{ include "dailydoco.migration" $given }}
{{- end }}

{{/*
What does a service's background work where that has pods of its own (`background.separate`): the same image with the same settings,
and nobody calls it. A Service is there for its metrics alone. Its values are the service's, but for those that stand under
`background`; migrations, account and certificate are the service's. Takes the service's dict.
*/}}
{{- define "dailydoco.background" -}}
{{- if eq (include "dailydoco.backgroundWork" .) "false" -}}
{{- $values := mergeOverwrite (deepCopy .values) (omit .values.background "separate") -}}
{{- $given := dict "root" .root "name" (printf "%s-background" .name) "service" .name "at" (printf "%s.background" .name) "component" "background" "values" $values "facts" .facts -}}
{{- include "dailydoco.checkScaling" $given -}}
{{- range $part := list "dailydoco.httpService" "dailydoco.deployment" "dailydoco.podDisruptionBudget" "dailydoco.scaledObject" "dailydoco.serviceMonitor" }}
{{- with include $part $given | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{/* Whether a workload does background work ("true" or "false"), where it is said at all: otherwise each pod does both. */}}
{{- define "dailydoco.backgroundWork" -}}
{{- if dig "background" "separate" false (omit .values "global") -}}
{{ eq .component "background" }}
{{- else if eq .component "background" -}}
true
{{- end -}}
{{- end }}

{{/* Values that contradict each other stop the installation with a sentence. */}}
{{- define "dailydoco.checkService" -}}
{{- $values := .values -}}
{{- $own := printf "%s\n" (include "dailydoco.ownEnv" .) -}}
{{- range $key, $_ := $values.settings -}}
{{- if include "dailydoco.isOwnSetting" (dict "own" $own "key" $key) -}}
{{- fail (printf "%s.settings.%s: the chart sets %s itself. Secrets and stores are chosen under global.secrets and global.stores, addresses by global.publicUrl, logs by global.logLevel, telemetry under global.telemetry, certificates under global.mtls, rails under payouts.rails, anchors under viral-engine.anchors, shutdown times under %s.shutdown%s" $.name $key $key $.name (ternary (printf ", background work under %s.background" $.name) "" (hasKey $.values "background"))) -}}
{{- end -}}
{{- end -}}
{{- if and .facts.rails $values.rails.usdc.secretName -}}
{{- if not (and (hasKey $values.settings "USDC_CHAIN_ID") (hasKey $values.settings "USDC_TOKEN_ADDRESS")) -}}
{{- fail (printf "%s.rails.usdc.secretName wants %s.settings.USDC_CHAIN_ID and %s.settings.USDC_TOKEN_ADDRESS, the chain and the contract that are paid on" .name .name .name) -}}
{{- end -}}
{{- end -}}
{{- if and .facts.anchors $values.anchors.secretName -}}
{{- if not (and (hasKey $values.settings "ANCHOR_CHAIN_ID") (hasKey $values.settings "ANCHOR_CONTRACT")) -}}
{{- fail (printf "%s.anchors.secretName wants %s.settings.ANCHOR_CHAIN_ID and %s.settings.ANCHOR_CONTRACT, the chain and the contract that checkpoints are posted to" .name .name .name) -}}
{{- end -}}
{{- end -}}
{{- $scaling := $values.autoscaling -}}
{{- include "dailydoco.checkScaling" . -}}
{{- if and .facts.sites (ne $values.sites.accessMode "ReadWriteMany") -}}
{{- if or (ne $scaling.mode "none") (gt ($values.replicas | int) 1) -}}
{{- fail (printf "%s: more than one replica needs %s.sites.accessMode ReadWriteMany, and a storage class that offers it: all replicas serve the same folder of releases" .name .name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* "true" when a setting is the chart's to make. Takes own (the chart's variables, as text) and key. */}}
{{- define "dailydoco.isOwnSetting" -}}
{{- $plain := trimSuffix "_FILE" .key -}}
{{- if or (regexMatch (printf "name: %s(_FILE)?[,\n]" $plain) .own) (regexMatch "^(KAFKA|GRPC_TLS|OTEL)_|_GRPC_ADDRESS$|^(DATABASE|REDIS)_URL$|^(AI_UPSTREAMS|BACKGROUND_WORK|ANCHOR_KEY|ANCHOR_RPC_URL)$" $plain) }}true{{ end -}}
{{- end }}

{{- define "dailydoco.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "dailydoco.fullname" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
  {{- with .values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

{{/* HTTP is balanced by connection, and the gateway opens many. */}}
{{- define "dailydoco.httpService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "dailydoco.fullname" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector:
    {{- include "dailydoco.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: 8080
      targetPort: http
      protocol: TCP
      appProtocol: http
{{- end }}

{{/* One HTTP/2 connection pins one pod: clients of gRPC see the addresses of all pods and balance calls themselves. */}}
{{- define "dailydoco.grpcService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "dailydoco.fullname" . }}-grpc
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  clusterIP: None
  selector:
    {{- include "dailydoco.selectorLabels" . | nindent 4 }}
  ports:
    - name: grpc
      port: 9090
      targetPort: grpc
      protocol: TCP
      appProtocol: grpc
{{- end }}

{{/* The folder of website-builder's releases. Kept when the release is removed: it holds what people published. */}}
{{- define "dailydoco.sitesClaim" -}}
{{- if and .facts.sites (not .values.sites.existingClaim) -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "dailydoco.fullname" . }}-sites
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  accessModes: [{{ .values.sites.accessMode }}]
  {{- with .values.sites.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .values.sites.size }}
{{- end -}}
{{- end }}

{{- define "dailydoco.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "dailydoco.fullname" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  # A pod that is not ready serves nobody: it does not hold up the drain of a node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "dailydoco.selectorLabels" . | nindent 6 }}
{{- end }}

{{/*
All pods of a service are one job, whichever work they do: alerts and dashboards ask what the service does, and the label `pod` tells
who does it.
*/}}
{{- define "dailydoco.serviceMonitor" -}}
{{- $monitor := .root.Values.global.monitoring.serviceMonitor -}}
{{- if $monitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "dailydoco.fullname" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
    {{- with $monitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  jobLabel: app.kubernetes.io/name
  targetLabels: [app.kubernetes.io/name]
  selector:
    matchLabels:
      {{- include "dailydoco.selectorLabels" . | nindent 6 }}
  endpoints:
    - port: {{ .port | default "http" }}
      path: /metrics
      interval: {{ $monitor.interval }}
      scrapeTimeout: {{ $monitor.scrapeTimeout }}
      {{- if ne .name (include "dailydoco.serviceOf" .) }}
      relabelings:
        - {targetLabel: job, replacement: {{ include "dailydoco.serviceOf" . }}}
      {{- end }}
{{- end -}}
{{- end }}
