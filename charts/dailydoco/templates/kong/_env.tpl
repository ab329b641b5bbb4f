{{/* "true" when Redis shows a certificate that only an authority of the installation's own vouches for. */}}
{{- define "dailydoco.kong.redisCa" -}}
{{- $redis := .Values.global.stores.redis -}}
{{- if and (eq $redis.mode "existing") $redis.existing.tls $redis.existing.privateCa }}true{{ end -}}
{{- end }}

{{- define "dailydoco.kong.env" -}}
{{ include "dailydoco.kong.ownEnv" . }}
{{- range $key, $value := .Values.kong.settings }}
- {name: {{ $key }}, value: {{ include "dailydoco.settingText" $value | quote }}}
{{- end }}
{{- end }}

{{- define "dailydoco.kong.ownEnv" -}}
{{- $kong := .Values.kong -}}
{{- $listen := list "0.0.0.0:8000 reuseport backlog=16384" -}}
{{- if $kong.tls.secretName }}{{ $listen = append $listen "0.0.0.0:8443 ssl http2 reuseport backlog=16384" }}{{ end -}}
{{- if $kong.grpc.enabled }}{{ $listen = append $listen "0.0.0.0:9080 http2 reuseport backlog=16384" }}{{ end -}}
- {name: KONG_DATABASE, value: "off"}
- {name: KONG_DECLARATIVE_CONFIG, value: /etc/dailydoco/merged/kong.yml}
- {name: KONG_PREFIX, value: /kong_prefix}
- {name: KONG_PROXY_LISTEN, value: {{ join ", " $listen | quote }}}
- {name: KONG_ADMIN_LISTEN, value: "off"}
- {name: KONG_ADMIN_GUI_LISTEN, value: "off"}
- {name: KONG_STATUS_LISTEN, value: "0.0.0.0:8100"}
- {name: KONG_LOG_LEVEL, value: {{ $kong.logLevel }}}
- {name: KONG_PROXY_ACCESS_LOG, value: {{ $kong.accessLog | ternary "/dev/stdout" "off" | quote }}}
- {name: KONG_PROXY_ERROR_LOG, value: /dev/stderr}
- {name: KONG_STATUS_ACCESS_LOG, value: "off"}
- {name: KONG_STATUS_ERROR_LOG, value: /dev/stderr}
- {name: KONG_ANONYMOUS_REPORTS, value: "off"}
- {name: KONG_UNTRUSTED_LUA, value: "off"}
# No names and versions of what serves here. X-Request-Id comes from the plugin all the same.
- {name: KONG_HEADERS, value: "off"}
- {name: KONG_NGINX_WORKER_PROCESSES, value: {{ $kong.workerProcesses | quote }}}
- {name: KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT, value: {{ printf "%ds" ($kong.shutdown.drainSeconds | int) | quote }}}
# A second instance is asked within this time or not at all: slow answers are not asked for twice.
- {name: KONG_NGINX_PROXY_PROXY_NEXT_UPSTREAM_TIMEOUT, value: 5s}
# Services are found by the addresses of their pods; looked up often, because pods come and go.
- {name: KONG_DNS_ORDER, value: "LAST,A,AAAA,CNAME"}
- {name: KONG_DNS_VALID_TTL, value: "3"}
- {name: KONG_DNS_STALE_TTL, value: "30"}
- {name: KONG_DNS_ERROR_TTL, value: "1"}
- {name: KONG_DNS_NOT_FOUND_TTL, value: "2"}
{{- with $kong.trustedIps }}
- {name: KONG_TRUSTED_IPS, value: {{ join "," . | quote }}}
- {name: KONG_REAL_IP_HEADER, value: X-Forwarded-For}
- {name: KONG_REAL_IP_RECURSIVE, value: "on"}
{{- end }}
{{- if include "dailydoco.telemetryEndpoint" (dict "root" .) }}
- {name: KONG_TRACING_INSTRUMENTATIONS, value: request}
- {name: KONG_TRACING_SAMPLING_RATE, value: {{ .Values.global.telemetry.samplingRatio | quote }}}
{{- end }}
{{- if $kong.tls.secretName }}
- {name: KONG_SSL_CERT, value: /etc/dailydoco/tls/tls.crt}
- {name: KONG_SSL_CERT_KEY, value: /etc/dailydoco/tls/tls.key}
{{- end }}
{{- if include "dailydoco.kong.redisCa" . }}
- {name: KONG_LUA_SSL_TRUSTED_CERTIFICATE, value: "system,/etc/dailydoco/redis-ca/ca.crt"}
- {name: KONG_LUA_SSL_VERIFY_DEPTH, value: "3"}
{{- end }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "dailydoco.secretName" (dict "root" . "kind" "redis") }}
      key: password
{{- end }}
