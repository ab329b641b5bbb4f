{{/*
What every pod of the fleet has in common. The security of pods and containers is not a value: nothing of the fleet needs more.
*/}}

{{/* Labels of a pod. No version among them: a pod is replaced when its image changes, not when a chart is numbered anew. */}}
{{- define "dailydoco.podLabels" -}}
{{ include "dailydoco.selectorLabels" . }}
app.kubernetes.io/component: {{ .component | default "service" }}
app.kubernetes.io/part-of: dailydoco
{{- end }}

{{/* Security context of a pod that runs one of DailyDoco's images. Takes uid, 65532 unless told. */}}
{{- define "dailydoco.podSecurity" -}}
{{- $uid := .uid | default 65532 -}}
runAsNonRoot: true
runAsUser: {{ $uid }}
runAsGroup: {{ $uid }}
fsGroup: {{ $uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "dailydoco.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
Where pods may be placed, from the values of their workload. Takes root, name and values. Replicas are spread over zones and
nodes; only pods of one revision are compared, so that a roll does not skew them. Takes oneNode besides: pods that share a volume
which one node at a time may mount had better come up where the pod is that they replace.
*/}}
{{- define "dailydoco.placement" -}}
{{- $values := .values -}}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if $values.affinity }}
affinity:
  {{- toYaml $values.affinity | nindent 2 }}
{{- else if .oneNode }}
affinity:
  podAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "dailydoco.selectorLabels" . | nindent 14 }}
{{- end }}
topologySpreadConstraints:
{{- range $key, $field := dict "topology.kubernetes.io/zone" "zones" "kubernetes.io/hostname" "nodes" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ get $values.spread $field }}
    labelSelector:
      matchLabels:
        {{- include "dailydoco.selectorLabels" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Memory in MiB from a quantity such as 384Mi or 1Gi. Fails on other units. Takes value and what (the name for the sentence). */}}
{{- define "dailydoco.mebibytes" -}}
{{- $quantity := toString .value -}}
{{- if regexMatch "^[1-9][0-9]*Mi$" $quantity -}}
{{ trimSuffix "Mi" $quantity }}
{{- else if regexMatch "^[1-9][0-9]*Gi$" $quantity -}}
{{ mul 1024 (trimSuffix "Gi" $quantity | int) }}
{{- else -}}
{{- fail (printf "%s is %q: give whole Mi or Gi, such as 384Mi, because the heap of Node is set from it" .what $quantity) -}}
{{- end -}}
{{- end }}

{{/*
Node's heap from the memory limit: 60 %. The rest is for buffers, code, threads and (identity) password hashes, which lie
outside of the heap.
*/}}
{{- define "dailydoco.nodeOptions" -}}
--max-old-space-size={{ div (mul 60 (include "dailydoco.mebibytes" . | int)) 100 }}
{{- end }}

{{/*
Telemetry of a process as environment variables. Takes root and name. Without a receiver nothing is recorded; trace ids are
handed on and logged all the same.
*/}}
{{- define "dailydoco.telemetryEndpoint" -}}
{{- $telemetry := .root.Values.global.telemetry -}}
{{- if eq $telemetry.mode "collector" -}}
http://{{ include "dailydoco.fullname" (dict "root" .root "name" "otel-collector") }}:4318
{{- else if eq $telemetry.mode "external" -}}
{{ required "global.telemetry.endpoint must say where OTLP over HTTP is received, such as http://collector.monitoring:4318, when global.telemetry.mode is external" $telemetry.endpoint | trimSuffix "/" }}
{{- end -}}
{{- end }}

{{- define "dailydoco.telemetryEnv" -}}
{{- $telemetry := .root.Values.global.telemetry -}}
- {name: OTEL_SERVICE_NAME, value: {{ .name }}}
{{- with include "dailydoco.telemetryEndpoint" . }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
- {name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio}
- {name: OTEL_TRACES_SAMPLER_ARG, value: {{ $telemetry.samplingRatio | quote }}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ include "dailydoco.resourceAttributes" $ | quote }}
{{- end }}
{{- end }}

{{- define "dailydoco.resourceAttributes" -}}
service.namespace={{ .root.Release.Name }},service.version={{ .root.Chart.AppVersion }},k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME)
{{- range $key, $value := .root.Values.global.telemetry.resourceAttributes }},{{ $key }}={{ $value }}{{ end }}
{{- end }}
