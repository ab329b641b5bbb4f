{{/*
Every Secret that the installation needs, as a JSON object {"secrets": [{kind, service, keys, made, value}]}. `made` says whether
the release can make it up itself: a store that somebody else runs has credentials that nobody can guess. `value` is where its
name is given otherwise. The optional Secret of AI upstreams is not among them.
*/}}
{{- define "dailydoco.secrets.wanted" -}}
{{- $stores := .Values.global.stores -}}
{{- $evaluation := eq $stores.postgres.mode "evaluation" -}}
{{- $wanted := list
  (dict "kind" "platform" "keys" (list "internal-token-secret" "key-encryption-secret") "made" true)
  (dict "kind" "admin" "keys" (list "email" "password") "made" true)
  (dict "kind" "mail" "keys" (list "url") "made" $evaluation)
-}}
{{- $redisKeys := list "password" "url" -}}
{{- if and (eq $stores.redis.mode "existing") $stores.redis.existing.privateCa }}{{ $redisKeys = append $redisKeys "ca.crt" }}{{ end -}}
{{- $wanted = append $wanted (dict "kind" "redis" "keys" $redisKeys "made" (eq $stores.redis.mode "evaluation")) -}}
{{- if eq $stores.kafka.mode "existing" -}}
{{- $kafkaKeys := list "brokers" -}}
{{- with $stores.kafka.existing -}}
{{- if and .tls .privateCa }}{{ $kafkaKeys = append $kafkaKeys "ca.crt" }}{{ end -}}
{{- if and .tls .clientCertificate }}{{ $kafkaKeys = concat $kafkaKeys (list "tls.crt" "tls.key") }}{{ end -}}
{{- if ne .saslMechanism "none" }}{{ $kafkaKeys = concat $kafkaKeys (list "username" "password") }}{{ end -}}
{{- end -}}
{{- $wanted = append $wanted (dict "kind" "kafka" "keys" $kafkaKeys "made" false) -}}
{{- end -}}
{{- if $evaluation -}}
{{- $wanted = append $wanted (dict "kind" "postgres" "keys" (list "password") "made" true) -}}
{{- end -}}
{{- range $wanted }}{{ $_ := set . "value" (printf "global.secrets.existing.%s" .kind) }}{{ end -}}
{{- $databaseKeys := list "username" "password" "url" -}}
{{- if and (eq $stores.postgres.mode "existing") $stores.postgres.existing.privateCa }}{{ $databaseKeys = append $databaseKeys "ca.crt" }}{{ end -}}
{{- range $service := (include "dailydoco.services" . | fromJson).services -}}
{{- range $kind, $role := dict "database" "app" "database-owner" "owner" -}}
{{- $wanted = append $wanted (dict "kind" $kind "service" $service "role" $role "keys" $databaseKeys "made" (ne $stores.postgres.mode "existing") "value" (printf "global.secrets.existing.databases.%s.%s" $service $role)) -}}
{{- end -}}
{{- end -}}
{{- dict "secrets" $wanted | toJson -}}
{{- end }}

{{/* Labels of a Secret. CloudNativePG looks again at one that changed only when it is labelled so. Takes root and kind. */}}
{{- define "dailydoco.secrets.labels" -}}
{{ include "dailydoco.releaseLabels" (dict "root" .root "component" "secret") }}
{{- if hasPrefix "database" .kind }}
cnpg.io/reload: "true"
{{- end }}
{{- end }}

{{/* Type of a Secret. CloudNativePG takes a role's password from a Secret of this type only. Takes kind. */}}
{{- define "dailydoco.secrets.type" -}}
{{ ternary "kubernetes.io/basic-auth" "Opaque" (hasPrefix "database" .kind) }}
{{- end }}
