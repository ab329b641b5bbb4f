{{/* The environment of a service: what the chart sets, and then the settings of the installation, which are others. */}}
{{- define "dailydoco.env" -}}
{{ include "dailydoco.ownEnv" . }}
{{- range $key, $value := .values.settings }}
- {name: {{ $key }}, value: {{ include "dailydoco.settingText" $value | quote }}}
{{- end }}
{{- end }}

{{/* What the chart sets. Secrets are files; the variables name them. */}}
{{- define "dailydoco.ownEnv" -}}
{{- $root := .root -}}
{{- $global := .root.Values.global -}}
{{- $secrets := "/run/secrets/dailydoco" -}}
{{- $service := include "dailydoco.serviceOf" . -}}
- {name: NODE_ENV, value: production}
- {name: NODE_OPTIONS, value: {{ include "dailydoco.nodeOptions" (dict "value" .values.resources.limits.memory "what" (printf "%s.resources.limits.memory" (include "dailydoco.valuesOf" .))) | quote }}}
- {name: HTTP_HOST, value: 0.0.0.0}
- {name: HTTP_PORT, value: "8080"}
- {name: GRPC_HOST, value: 0.0.0.0}
- {name: GRPC_PORT, value: "9090"}
- {name: LOG_LEVEL, value: {{ $global.logLevel }}}
- {name: SHUTDOWN_DELAY_MS, value: {{ .values.shutdown.delayMs | quote }}}
{{- with .values.shutdown.completionDrainMs }}
- {name: COMPLETION_DRAIN_MS, value: {{ . | quote }}}
{{- end }}
- {name: TOKEN_ISSUER, value: {{ $global.publicUrl | trimSuffix "/" | quote }}}
- {name: INTERNAL_TOKEN_SECRET_FILE, value: {{ $secrets }}/internal-token-secret}
{{- if ne $service "identity" }}
- {name: JWKS_URL, value: "http://{{ include "dailydoco.fullname" (dict "root" .root "name" "identity") }}:8080/.well-known/jwks.json"}
{{- end }}
{{- if .facts.publicUrl }}
- {name: PUBLIC_URL, value: {{ $global.publicUrl | trimSuffix "/" | quote }}}
{{- end }}
{{- range .facts.neighbours }}
- {name: {{ . | replace "-" "_" | upper }}_GRPC_ADDRESS, value: "{{ include "dailydoco.fullname" (dict "root" $root "name" .) }}-grpc:9090"}
{{- end }}
{{ include "dailydoco.stores.env" (dict "root" .root "service" $service) }}
{{- with include "dailydoco.backgroundWork" . }}
- {name: BACKGROUND_WORK, value: {{ . | quote }}}
{{- end }}
{{- if .facts.seals }}
- {name: KEY_ENCRYPTION_SECRET_FILE, value: {{ $secrets }}/key-encryption-secret}
{{- end }}
{{- if .facts.rails }}
{{- if .values.rails.stripe.secretName }}
- {name: STRIPE_API_KEY_FILE, value: {{ $secrets }}/stripe-api-key}
- {name: STRIPE_WEBHOOK_SECRET_FILE, value: {{ $secrets }}/stripe-webhook-secret}
{{- end }}
{{- if .values.rails.usdc.secretName }}
- {name: USDC_RPC_URL_FILE, value: {{ $secrets }}/usdc-rpc-url}
- {name: USDC_WALLET_KEY_FILE, value: {{ $secrets }}/usdc-wallet-key}
{{- end }}
{{- end }}
{{- if include "dailydoco.anchorSecret" . }}
- {name: ANCHOR_RPC_URL_FILE, value: {{ $secrets }}/anchor-rpc-url}
- {name: ANCHOR_KEY_FILE, value: {{ $secrets }}/anchor-key}
{{- end }}
{{- if .facts.clickJournal }}
# In a folder that outlives a container, and ends with the pod.
- {name: CLICK_JOURNAL_DIR, value: /tmp/clicks}
{{- end }}
{{- if .facts.bootstrap }}
- {name: BOOTSTRAP_ADMIN_EMAIL_FILE, value: {{ $secrets }}/admin-email}
- {name: BOOTSTRAP_ADMIN_PASSWORD_FILE, value: {{ $secrets }}/admin-password}
- {name: MAIL_URL_FILE, value: {{ $secrets }}/mail-url}
{{- end }}
{{- if and .facts.aiUpstreams (include "dailydoco.hasAiSecret" .) }}
- {name: AI_UPSTREAMS_FILE, value: {{ $secrets }}/ai-upstreams}
{{- end }}
{{- if .facts.sites }}
- {name: SITES_DIR, value: /var/lib/dailydoco/sites}
{{- end }}
{{- if $global.mtls.enabled }}
- {name: GRPC_TLS_CERT_FILE, value: /run/secrets/dailydoco-tls/tls.crt}
- {name: GRPC_TLS_KEY_FILE, value: /run/secrets/dailydoco-tls/tls.key}
- {name: GRPC_TLS_CA_FILE, value: /run/secrets/dailydoco-tls/ca.crt}
- {name: GRPC_TLS_CLIENTS, value: {{ include "dailydoco.grpcClients" . | quote }}}
{{- end }}
{{ include "dailydoco.telemetryEnv" (dict "root" .root "name" $service) }}
{{- end }}

{{/* A setting as text. Helm reads whole numbers as floats, which would write large ones as 2.592e+09. */}}
{{- define "dailydoco.settingText" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ . | int64 }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}

{{/* "true" when ai-gateway has upstreams; without them its built-in templates answer. */}}
{{- define "dailydoco.hasAiSecret" -}}
{{- $secrets := .root.Values.global.secrets -}}
{{- if or $secrets.existing.ai (and (eq $secrets.mode "externalSecrets") $secrets.externalSecrets.ai) }}true{{ end -}}
{{- end }}

{{/* The Secret by which transparency logs are anchored, where they are, and where this workload does it: it is background work. */}}
{{- define "dailydoco.anchorSecret" -}}
{{- if and .facts.anchors (ne (include "dailydoco.backgroundWork" .) "false") }}{{ .values.anchors.secretName }}{{ end -}}
{{- end }}

{{/* The files under /run/secrets/dailydoco, as sources of a projected volume. */}}
{{- define "dailydoco.secretSources" -}}
{{ include "dailydoco.stores.sources" (dict "root" .root "service" (include "dailydoco.serviceOf" .)) }}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "platform") }}
    items:
      - {key: internal-token-secret, path: internal-token-secret}
      {{- if .facts.seals }}
      - {key: key-encryption-secret, path: key-encryption-secret}
      {{- end }}
{{- if .facts.bootstrap }}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "admin") }}
    items:
      - {key: email, path: admin-email}
      - {key: password, path: admin-password}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "mail") }}
    items: [{key: url, path: mail-url}]
{{- end }}
{{- if and .facts.aiUpstreams (include "dailydoco.hasAiSecret" .) }}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "ai") }}
    items: [{key: upstreams, path: ai-upstreams}]
{{- end }}
{{- if .facts.rails }}
{{- with .values.rails.stripe.secretName }}
- secret:
    name: {{ . }}
    items:
      - {key: api-key, path: stripe-api-key}
      - {key: webhook-secret, path: stripe-webhook-secret}
{{- end }}
{{- with .values.rails.usdc.secretName }}
- secret:
    name: {{ . }}
    items:
      - {key: rpc-url, path: usdc-rpc-url}
      - {key: wallet-key, path: usdc-wallet-key}
{{- end }}
{{- end }}
{{- with include "dailydoco.anchorSecret" . }}
- secret:
    name: {{ . }}
    items:
      - {key: rpc-url, path: anchor-rpc-url}
      - {key: key, path: anchor-key}
{{- end }}
{{- end }}
