{{/*
Kong's configuration: files/kong.yml as the gateway's own folder made it, and over it what only an installation knows (names of
Services, Redis, who may call, where traces go). What clients may do is not changed here.
*/}}
{{- define "dailydoco.kong.config" -}}
{{- $kong := .Files.Get "files/kong.yml" | fromYaml -}}
{{- if hasKey $kong "Error" }}{{ fail (printf "files/kong.yml is no YAML: %s" $kong.Error) }}{{ end -}}
{{- if .Values.kong.grpc.enabled -}}
{{- if .Values.global.mtls.enabled -}}
{{- fail "kong.grpc.enabled and global.mtls.enabled contradict each other: with mTLS services take gRPC from holders of the release's certificates only, and the gateway has none. Teams outside the cluster can use HTTP" -}}
{{- end -}}
{{- $grpc := .Files.Get "files/kong-grpc.yml" | fromYaml -}}
{{- range $list := list "services" "upstreams" -}}
{{- $_ := set $kong $list (concat (get $kong $list) (get $grpc $list)) -}}
{{- end -}}
{{- end -}}
{{- $root := . -}}
{{- range $upstream := $kong.upstreams -}}
{{- range $target := $upstream.targets -}}
{{- $_ := set $target "target" (include "dailydoco.kong.target" (dict "root" $root "target" $target.target)) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $kong "plugins" (include "dailydoco.kong.plugins" (dict "root" . "plugins" $kong.plugins) | fromJsonArray) -}}
{{- range $entry := concat $kong.services ($kong.routes | default list) ($kong.consumers | default list) -}}
{{- range $owner := concat (list $entry) ($entry.routes | default list) -}}
{{- if $owner.plugins -}}
{{- $_ := set $owner "plugins" (include "dailydoco.kong.plugins" (dict "root" $root "plugins" $owner.plugins) | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $kong }}
{{- end }}

{{/*
Where a service's instances are, from `identity:8080`. The Service without an address of its own resolves to the pods themselves,
so that Kong's health checks take one pod away and not all.
*/}}
{{- define "dailydoco.kong.target" -}}
{{- $parts := splitList ":" .target -}}
{{- $services := (include "dailydoco.services" .root | fromJson).services -}}
{{- if not (has (first $parts) $services) }}{{ fail (printf "files/kong.yml: the target %s is no service of the fleet" .target) }}{{ end -}}
{{ include "dailydoco.fullname" (dict "root" .root "name" (first $parts)) }}-grpc:{{ last $parts }}
{{- end }}

{{/* Plugins of one list with what the installation chose, as a JSON array. */}}
{{- define "dailydoco.kong.plugins" -}}
{{- $values := .root.Values -}}
{{- $kept := list -}}
{{- $endpoint := include "dailydoco.telemetryEndpoint" (dict "root" .root) -}}
{{- range $plugin := .plugins -}}
{{- $config := $plugin.config | default dict -}}
{{- if $config.redis -}}
{{- $_ := set $config "redis" (merge (include "dailydoco.kong.redis" $.root | fromYaml) $config.redis) -}}
{{- end -}}
{{- if eq $plugin.name "cors" -}}
{{- $_ := set $config "origins" $values.kong.cors.origins -}}
{{- else if eq $plugin.name "ip-restriction" -}}
{{- with $values.kong.adminNetworks }}{{ $_ := set $config "allow" . }}{{ end -}}
{{- else if and (eq $plugin.name "opentelemetry") $endpoint -}}
{{- $_ := set $config "traces_endpoint" (printf "%s/v1/traces" $endpoint) -}}
{{- end -}}
{{- if or (ne $plugin.name "opentelemetry") $endpoint -}}
{{- $kept = append $kept $plugin -}}
{{- end -}}
{{- end -}}
{{ toJson $kept }}
{{- end }}

{{/* Redis as Kong is told of it. The password stays in its Secret: Kong reads it from its environment. */}}
{{- define "dailydoco.kong.redis" -}}
{{- $redis := .Values.global.stores.redis -}}
host: {{ include "dailydoco.redis.host" (dict "root" .) }}
port: {{ include "dailydoco.redis.port" (dict "root" .) }}
password: "{vault://env/redis-password}"
{{- if and (eq $redis.mode "existing") $redis.existing.tls }}
ssl: true
ssl_verify: true
server_name: {{ include "dailydoco.redis.host" (dict "root" .) }}
{{- end }}
{{- end }}

{{/* Values of the gateway that contradict each other. */}}
{{- define "dailydoco.kong.check" -}}
{{- $kong := .Values.kong -}}
{{- if and (or $kong.ingress.enabled $kong.gatewayApi.enabled) (not $kong.trustedIps) -}}
{{- fail "kong.trustedIps must name the networks of the ingress controller or Gateway that stands before the gateway: else every request seems to come from there, and all clients share one limit" -}}
{{- end -}}
{{- $own := include "dailydoco.kong.ownEnv" . -}}
{{- range $key, $_ := $kong.settings -}}
{{- if regexMatch (printf "name: %s[,\n]" $key) $own -}}
{{- fail (printf "kong.settings.%s: the chart sets %s itself, from the values under kong and global" $key $key) -}}
{{- end -}}
{{- end -}}
{{- if and $kong.ingress.enabled $kong.gatewayApi.enabled -}}
{{- fail "kong.ingress.enabled and kong.gatewayApi.enabled contradict each other: choose one way in" -}}
{{- end -}}
{{- if and $kong.ingress.enabled (not $kong.ingress.hosts) -}}
{{- fail "kong.ingress.hosts must name a host" -}}
{{- end -}}
{{- if and $kong.gatewayApi.enabled (not $kong.gatewayApi.parentRefs) -}}
{{- fail "kong.gatewayApi.parentRefs must name the Gateway that the route belongs to" -}}
{{- end -}}
{{- include "dailydoco.checkScaling" (dict "name" "kong" "values" $kong) -}}
{{- end }}
