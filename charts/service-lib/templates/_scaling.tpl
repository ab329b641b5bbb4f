{{/*
Values of scaling that contradict each other. A pod at rest takes up to 50m of CPU: measured by a request as small as that, it
would look busy, and there would always be as many pods as may be.
*/}}
{{- define "dailydoco.checkScaling" -}}
{{- $scaling := .values.autoscaling -}}
{{- $at := include "dailydoco.valuesOf" . -}}
{{- if and (eq $scaling.mode "keda") (eq (include "dailydoco.backgroundWork" .) "false") -}}
{{- fail (printf "%s.autoscaling.mode is keda, and with %s.background.separate its pods consume no events: choose hpa or none here, and keda under %s.background.autoscaling" .name .name .name) -}}
{{- end -}}
{{- if ne $scaling.mode "none" -}}
{{- if gt ($scaling.minReplicas | int) ($scaling.maxReplicas | int) -}}
{{- fail (printf "%s.autoscaling.minReplicas is %d and more than maxReplicas, which is %d" $at ($scaling.minReplicas | int) ($scaling.maxReplicas | int)) -}}
{{- end -}}
{{- $cpu := toString (dig "requests" "cpu" "0" .values.resources) -}}
{{- $millis := ternary (trimSuffix "m" $cpu | float64) (mulf (trimSuffix "m" $cpu | float64) 1000) (hasSuffix "m" $cpu) -}}
{{- if lt $millis 250.0 -}}
{{- fail (printf "%s.autoscaling counts CPU as a share of %s.resources.requests.cpu, which is %s: request what a working pod takes, 250m at least" $at $at $cpu) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Replicas by CPU, and by requests in flight where a metrics adapter offers that metric. */}}
{{- define "dailydoco.horizontalPodAutoscaler" -}}
{{- $scaling := .values.autoscaling -}}
{{- if eq $scaling.mode "hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "dailydoco.fullname" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "dailydoco.fullname" . }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $scaling.cpuPercent }}}
    {{- with $scaling.inFlightRequests }}
    - type: Pods
      pods:
        metric: {name: dailydoco_http_server_in_flight_requests}
        target: {type: AverageValue, averageValue: {{ . | quote }}}
    {{- end }}
  behavior:
    {{- include "dailydoco.scalingBehavior" . | nindent 4 }}
{{- end -}}
{{- end }}

{{/* Up at once, down slowly: a pod that goes takes its connections and its share of the partitions along. */}}
{{- define "dailydoco.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - {type: Percent, value: 100, periodSeconds: 30}
    - {type: Pods, value: 2, periodSeconds: 30}
  selectPolicy: Max
scaleDown:
  stabilizationWindowSeconds: 300
  policies:
    - {type: Pods, value: 1, periodSeconds: 60}
{{- end }}

{{/*
Replicas by the lag of the service's consumer groups, by KEDA. More replicas than partitions would stand idle: maxReplicas is
for the installation to keep within them. CPU still counts, as most of the work is not events'.
*/}}
{{- define "dailydoco.scaledObject" -}}
{{- $scaling := .values.autoscaling -}}
{{- if eq $scaling.mode "keda" -}}
{{- $full := include "dailydoco.fullname" . -}}
{{- $kafka := .root.Values.global.stores.kafka -}}
{{- $auth := include "dailydoco.kedaAuthentication" . | trim -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ $full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $full }}
    envSourceContainerName: {{ include "dailydoco.serviceOf" . }}
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  pollingInterval: 15
  # When KEDA cannot ask Kafka, the replicas stay as they are.
  fallback:
    failureThreshold: 4
    replicas: {{ $scaling.minReplicas }}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      name: {{ $full }}
      behavior:
        {{- include "dailydoco.scalingBehavior" . | nindent 8 }}
  triggers:
    {{- range $consumer := .facts.consumers }}
    {{- range $topic := $consumer.topics }}
    - type: kafka
      metadata:
        bootstrapServers: {{ include "dailydoco.kedaBrokers" $ | quote }}
        consumerGroup: {{ $consumer.group }}
        topic: {{ $topic }}
        lagThreshold: {{ $scaling.kafkaLag | quote }}
        offsetResetPolicy: earliest
        allowIdleConsumers: "false"
        {{- include "dailydoco.kedaSecurity" $ | nindent 8 | trimSuffix "\n" }}
      {{- if $auth }}
      authenticationRef: {name: {{ $full }}-kafka}
      {{- end }}
    {{- end }}
    {{- end }}
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ $scaling.cpuPercent | quote }}
{{- with $auth }}
---
{{ . }}
{{- end }}
{{- end -}}
{{- end }}

{{/*
KEDA runs in another namespace, so the Service is named in full; and it has no access to the files in which pods find the
address of an existing Kafka.
*/}}
{{- define "dailydoco.kedaBrokers" -}}
{{- if eq .root.Values.global.stores.kafka.mode "existing" -}}
{{ required (printf "%s.autoscaling.kafkaBrokers must name the brokers (host:port, separated by commas): KEDA asks the existing Kafka itself, and cannot read the Secret's file" (include "dailydoco.serviceOf" .)) .values.autoscaling.kafkaBrokers }}
{{- else -}}
{{ include "dailydoco.kafka.brokers" (dict "root" .root "service" (include "dailydoco.serviceOf" .)) | replace ":" (printf ".%s.svc:" .root.Release.Namespace) }}
{{- end -}}
{{- end }}

{{- define "dailydoco.kedaSecurity" -}}
{{- $kafka := .root.Values.global.stores.kafka -}}
{{- if eq $kafka.mode "strimzi" -}}
tls: enable
sasl: scram_sha512
{{- else if eq $kafka.mode "existing" -}}
tls: {{ ternary "enable" "disable" $kafka.existing.tls }}
sasl: {{ get (dict "none" "none" "plain" "plaintext" "scram-sha-256" "scram_sha256" "scram-sha-512" "scram_sha512") $kafka.existing.saslMechanism }}
{{- else -}}
tls: disable
sasl: none
{{- end -}}
{{- end }}

{{- define "dailydoco.kedaAuthentication" -}}
{{- $kafka := .root.Values.global.stores.kafka -}}
{{- $secret := include "dailydoco.secretName" (dict "root" .root "kind" "kafka") -}}
{{- $refs := list -}}
{{- if eq $kafka.mode "strimzi" -}}
{{- $user := include "dailydoco.kafka.user" (dict "root" .root "service" (include "dailydoco.serviceOf" .)) -}}
{{- $refs = list (dict "parameter" "password" "name" $user "key" "password") (dict "parameter" "ca" "name" (printf "%s-kafka-cluster-ca-cert" .root.Release.Name) "key" "ca.crt") -}}
{{- else if eq $kafka.mode "existing" -}}
{{- with $kafka.existing -}}
{{- if and .tls .privateCa -}}{{- $refs = append $refs (dict "parameter" "ca" "name" $secret "key" "ca.crt") -}}{{- end -}}
{{- if and .tls .clientCertificate -}}
{{- $refs = append $refs (dict "parameter" "cert" "name" $secret "key" "tls.crt") -}}
{{- $refs = append $refs (dict "parameter" "key" "name" $secret "key" "tls.key") -}}
{{- end -}}
{{- if ne .saslMechanism "none" -}}
{{- $refs = append $refs (dict "parameter" "username" "name" $secret "key" "username") -}}
{{- $refs = append $refs (dict "parameter" "password" "name" $secret "key" "password") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $refs -}}
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ include "dailydoco.fullname" . }}-kafka
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  {{- if eq $kafka.mode "strimzi" }}
  env:
    - {parameter: username, name: KAFKA_USERNAME, containerName: {{ include "dailydoco.serviceOf" . }}}
  {{- end }}
  secretTargetRef:
    {{- toYaml $refs | nindent 4 }}
{{- end -}}
{{- end }}
