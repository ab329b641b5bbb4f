{{/* How rows of files/flows.yaml become rules of NetworkPolicies. */}}

{{/* The members of a group, or the one workload or place of that name, as JSON: {"names": [...]}. Takes table and name. */}}
{{- define "dailydoco.network.members" -}}
{{- dict "names" (get .table.groups .name | default (list .name)) | toJson -}}
{{- end }}

{{/* The workload of this release that a place is run by, or nothing where it lies outside. Takes root and place. */}}
{{- define "dailydoco.network.workloadOf" -}}
{{- $stores := .root.Values.global.stores -}}
{{- if has .place (list "postgres" "redis" "kafka") -}}
{{- if eq (get $stores .place).mode "evaluation" }}{{ .place }}{{ end -}}
{{- else if and (eq .place "collector") (eq .root.Values.global.telemetry.mode "collector") -}}
otel-collector
{{- end -}}
{{- end }}

{{/* "true" when a service's background work has pods of its own. Takes root and service. */}}
{{- define "dailydoco.network.separate" -}}
{{- with get .root.Values .service -}}
{{- with .background }}{{ if .separate }}true{{ end }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Selects workloads of this release, as a peer. Takes root and names. */}}
{{- define "dailydoco.network.workloads" -}}
- podSelector:
    matchLabels: {app.kubernetes.io/instance: {{ .root.Release.Name }}}
    matchExpressions:
      - {key: app.kubernetes.io/name, operator: In, values: {{ .names | toJson }}}
{{- end }}

{{/*
Peers of a row's other end, as a list; nothing when there is nobody there. Takes root, table, name (of the end), and caller: the
workload that asks, because each service has a database of its own.
*/}}
{{- define "dailydoco.network.peers" -}}
{{- $root := .root -}}
{{- $global := .root.Values.global -}}
{{- $workload := include "dailydoco.network.workloadOf" (dict "root" .root "place" .name) -}}
{{- if $workload -}}
{{ include "dailydoco.network.workloads" (dict "root" .root "names" (list $workload)) }}
{{- else if not (has .name .table.places) -}}
{{ include "dailydoco.network.workloads" (dict "root" .root "names" (include "dailydoco.network.members" . | fromJson).names) }}
{{- else if and (eq .name "postgres") (eq $global.stores.postgres.mode "cloudnativepg") -}}
- podSelector:
    matchLabels: {cnpg.io/cluster: {{ include "dailydoco.postgres.cluster" (dict "root" .root "service" (trimSuffix "-background" (trimSuffix "-migrate" .caller))) }}}
{{- else if and (eq .name "kafka") (eq $global.stores.kafka.mode "strimzi") -}}
- podSelector:
    matchLabels: {strimzi.io/cluster: {{ .root.Release.Name }}-kafka, strimzi.io/name: {{ .root.Release.Name }}-kafka-kafka}
{{- else -}}
{{- $peers := get $global.networkPolicy.peers .name -}}
{{- if and (not $peers) (has .name (list "postgres" "redis" "kafka")) -}}
{{- fail (printf "global.networkPolicy.peers.%s must say where the existing %s is (for instance `- ipBlock: {cidr: 10.1.2.0/24}`): everything that is not named is denied. (Or set global.networkPolicy.enabled: false.)" .name .name) -}}
{{- end -}}
{{- with $peers }}{{ toYaml . }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Ports of a row, as a list. Takes root and flow. */}}
{{- define "dailydoco.network.ports" -}}
{{- $global := .root.Values.global -}}
{{- $protocol := .flow.protocol | default "TCP" -}}
{{- $ports := list -}}
{{- if not (kindIs "string" .flow.port) -}}
{{- $ports = list .flow.port -}}
{{- else if and (has .flow.port (list "postgres" "redis" "kafka")) (ne (get $global.stores .flow.port).mode "existing") -}}
{{- $ports = list (get (dict "postgres" 5432 "redis" 6379 "kafka" (ternary 9093 9092 (eq $global.stores.kafka.mode "strimzi"))) .flow.port) -}}
{{- else -}}
{{- $ports = get $global.networkPolicy.ports .flow.port -}}
{{- end -}}
{{- range $ports }}
- {protocol: {{ $protocol }}, port: {{ int . }}}
{{- end -}}
{{- end }}

{{/* Rows of the table that count in this installation, as JSON: {"flows": [...]}. Takes root and table. */}}
{{- define "dailydoco.network.flows" -}}
{{- $flows := list -}}
{{- $values := .root.Values -}}
{{- range .table.flows -}}
{{- $counts := true -}}
{{- with .when -}}
{{- $at := $values -}}
{{- range splitList "." . }}{{ $at = get ($at | default dict) . }}{{ end -}}
{{- $counts = not (empty $at) -}}
{{- end -}}
{{- if $counts }}{{ $flows = append $flows . }}{{ end -}}
{{- end -}}
{{- dict "flows" $flows | toJson -}}
{{- end }}

{{/* The table, with the rows that count, as JSON. Takes root. */}}
{{- define "dailydoco.network.table" -}}
{{- $table := .root.Files.Get "files/flows.yaml" | fromYaml -}}
{{- if hasKey $table "Error" }}{{ fail (printf "files/flows.yaml is no YAML: %s" $table.Error) }}{{ end -}}
{{- $flows := (include "dailydoco.network.flows" (dict "root" .root "table" $table) | fromJson).flows -}}
{{- set $table "flows" $flows | toJson -}}
{{- end }}

{{/* Everybody who may call a place, as peers. Takes root and to. */}}
{{- define "dailydoco.network.callers" -}}
{{- $table := include "dailydoco.network.table" . | fromJson -}}
{{- $root := .root -}}
{{- $to := .to -}}
{{- $names := list -}}
{{- $peers := list -}}
{{- range $table.flows -}}
{{- if ne .to $to -}}
{{- else if has .from $table.places -}}
{{- $peers = concat $peers (get $root.Values.global.networkPolicy.peers .from) -}}
{{- else -}}
{{- $names = concat $names (include "dailydoco.network.members" (dict "table" $table "name" .from) | fromJson).names -}}
{{- end -}}
{{- end -}}
{{ include "dailydoco.network.workloads" (dict "root" $root "names" ($names | uniq)) }}
{{- with $peers }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Rules of one workload in one direction (ingress or egress). Takes root, table, workload and direction. */}}
{{- define "dailydoco.network.rules" -}}
{{- $given := . -}}
{{- $in := eq .direction "ingress" -}}
{{- range $flow := .table.flows -}}
{{- $own := ternary $flow.to $flow.from $in -}}
{{- $other := ternary $flow.from $flow.to $in -}}
{{- $ownNames := (include "dailydoco.network.members" (dict "table" $given.table "name" $own) | fromJson).names -}}
{{- if has $own $given.table.places -}}
{{- $ownNames = list (include "dailydoco.network.workloadOf" (dict "root" $given.root "place" $own)) -}}
{{- end -}}
{{- if has $given.workload $ownNames -}}
{{- $peers := include "dailydoco.network.peers" (dict "root" $given.root "table" $given.table "name" $other "caller" $given.workload) -}}
{{- if or $peers (eq $other "clients") }}
# {{ $flow.why }}
- ports: {{- include "dailydoco.network.ports" (dict "root" $given.root "flow" $flow) | trim | nindent 4 }}
  {{- with $peers }}
  {{ ternary "from" "to" $in }}: {{- . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
