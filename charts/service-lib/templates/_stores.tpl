{{/*
Where the stores are, and which Secret says how to reach them: the one place that knows the three ways each store is run
(`global.stores.<store>.mode`) and the three ways Secrets come to be (`global.secrets.mode`).

A workload takes two things from here: `dailydoco.stores.env`, and `dailydoco.stores.sources` (of one projected volume, mounted
at /run/secrets/dailydoco). All take a dict: root (the chart's context) and service (its name).
*/}}

{{/* The services of the fleet, as a JSON object: {"services": [...]}. */}}
{{- define "dailydoco.services" -}}
{"services": ["identity", "viral-engine", "payouts", "analytics", "website-builder", "ai-gateway"]}
{{- end }}

{{/* Services whose acknowledged writes are money or identities: their databases replicate synchronously. */}}
{{- define "dailydoco.synchronousServices" -}}
{"services": ["identity", "viral-engine", "payouts"]}
{{- end }}

{{/* The database of a service: viral-engine has viral_engine, owned by viral_engine_owner and used by viral_engine_app. */}}
{{- define "dailydoco.database" -}}
{{ . | replace "-" "_" }}
{{- end }}

{{/* Name of the Secret that the installation was told to use instead of its own; empty when none. Kind as in secretName. */}}
{{- define "dailydoco.secretGiven" -}}
{{- $existing := .root.Values.global.secrets.existing | default dict -}}
{{- if eq .kind "database" -}}
{{ dig "databases" .service "app" "" $existing }}
{{- else if eq .kind "database-owner" -}}
{{ dig "databases" .service "owner" "" $existing }}
{{- else -}}
{{ get $existing .kind | default "" }}
{{- end -}}
{{- end }}

{{/*
Name of a Secret. Kinds: database, database-owner (both with service), platform, admin, redis, kafka, mail, ai, and postgres
(the superuser of the evaluation's Postgres).
*/}}
{{- define "dailydoco.secretName" -}}
{{- $given := include "dailydoco.secretGiven" . -}}
{{- if $given -}}
{{ $given }}
{{- else if has .kind (list "database" "database-owner") -}}
{{ .root.Release.Name }}-{{ .service }}-{{ .kind }}
{{- else -}}
{{ .root.Release.Name }}-{{ .kind }}
{{- end -}}
{{- end }}

{{/* The CloudNativePG cluster of a service. */}}
{{- define "dailydoco.postgres.cluster" -}}
{{ .root.Release.Name }}-{{ .service }}-db
{{- end }}

{{/* Host of a service's database. Existing databases are named by the url in their Secret only. */}}
{{- define "dailydoco.postgres.host" -}}
{{- if eq .root.Values.global.stores.postgres.mode "cloudnativepg" -}}
{{ include "dailydoco.postgres.cluster" . }}-rw
{{- else -}}
{{ .root.Release.Name }}-postgres
{{- end -}}
{{- end }}

{{/* Query of a database URL. An operator's cluster is asked by TLS, and its certificate checked down to the host name. */}}
{{- define "dailydoco.postgres.query" -}}
{{- if eq .root.Values.global.stores.postgres.mode "cloudnativepg" -}}
?sslmode=verify-full&sslrootcert=/run/secrets/dailydoco/database-ca.crt
{{- end -}}
{{- end }}

{{- define "dailydoco.redis.host" -}}
{{- $redis := .root.Values.global.stores.redis -}}
{{- if eq $redis.mode "existing" -}}
{{ required "global.stores.redis.existing.host must name the host of the existing Redis: the gateway's configuration holds it" $redis.existing.host }}
{{- else -}}
{{ .root.Release.Name }}-redis
{{- end -}}
{{- end }}

{{- define "dailydoco.redis.port" -}}
{{- $redis := .root.Values.global.stores.redis -}}
{{ ternary $redis.existing.port 6379 (eq $redis.mode "existing") }}
{{- end }}

{{/* Kafka's bootstrap address. Existing brokers are named by the key `brokers` of their Secret only. */}}
{{- define "dailydoco.kafka.brokers" -}}
{{- if eq .root.Values.global.stores.kafka.mode "strimzi" -}}
{{ .root.Release.Name }}-kafka-kafka-bootstrap:9093
{{- else -}}
{{ .root.Release.Name }}-kafka:9092
{{- end -}}
{{- end }}

{{/* Strimzi's user of a service; the Secret with its password has the same name. */}}
{{- define "dailydoco.kafka.user" -}}
{{ .root.Release.Name }}-{{ .service }}-kafka
{{- end }}

{{/* What a workload is told about Kafka, as a list of environment variables. */}}
{{- define "dailydoco.kafka.env" -}}
{{- $kafka := .root.Values.global.stores.kafka -}}
{{- $files := "/run/secrets/dailydoco" -}}
{{- if eq $kafka.mode "strimzi" -}}
- {name: KAFKA_BROKERS, value: {{ include "dailydoco.kafka.brokers" . | quote }}}
- {name: KAFKA_TLS, value: "true"}
- {name: KAFKA_TLS_CA_FILE, value: {{ $files }}/kafka-ca.crt}
- {name: KAFKA_SASL_MECHANISM, value: scram-sha-512}
- {name: KAFKA_USERNAME, value: {{ include "dailydoco.kafka.user" . | quote }}}
- {name: KAFKA_PASSWORD_FILE, value: {{ $files }}/kafka-password}
{{- else -}}
- {name: KAFKA_BROKERS_FILE, value: {{ $files }}/kafka-brokers}
{{- if eq $kafka.mode "existing" }}
{{- with $kafka.existing }}
{{- if .tls }}
- {name: KAFKA_TLS, value: "true"}
{{- if .privateCa }}
- {name: KAFKA_TLS_CA_FILE, value: {{ $files }}/kafka-ca.crt}
{{- end }}
{{- if .clientCertificate }}
- {name: KAFKA_TLS_CERT_FILE, value: {{ $files }}/kafka-tls.crt}
- {name: KAFKA_TLS_KEY_FILE, value: {{ $files }}/kafka-tls.key}
{{- end }}
{{- end }}
{{- if ne .saslMechanism "none" }}
- {name: KAFKA_SASL_MECHANISM, value: {{ .saslMechanism }}}
- {name: KAFKA_USERNAME_FILE, value: {{ $files }}/kafka-username}
- {name: KAFKA_PASSWORD_FILE, value: {{ $files }}/kafka-password}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{/* The files that the variables above name, as sources of a projected volume. */}}
{{- define "dailydoco.kafka.sources" -}}
{{- $kafka := .root.Values.global.stores.kafka -}}
{{- if eq $kafka.mode "strimzi" -}}
- secret:
    name: {{ include "dailydoco.kafka.user" . }}
    items: [{key: password, path: kafka-password}]
- secret:
    name: {{ .root.Release.Name }}-kafka-cluster-ca-cert
    items: [{key: ca.crt, path: kafka-ca.crt}]
{{- else -}}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "kafka") }}
    items:
      - {key: brokers, path: kafka-brokers}
{{- if eq $kafka.mode "existing" }}
{{- with $kafka.existing }}
{{- if and .tls .privateCa }}
      - {key: ca.crt, path: kafka-ca.crt}
{{- end }}
{{- if and .tls .clientCertificate }}
      - {key: tls.crt, path: kafka-tls.crt}
      - {key: tls.key, path: kafka-tls.key}
{{- end }}
{{- if ne .saslMechanism "none" }}
      - {key: username, path: kafka-username}
      - {key: password, path: kafka-password}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{/* Whether a service keeps anything in Redis. The gateway does too, and asks for its Secret itself. */}}
{{- define "dailydoco.usesRedis" -}}
{{- if eq .service "identity" }}true{{ end -}}
{{- end }}

{{/* The certificate authority of the database, where it is not one that everybody knows. */}}
{{- define "dailydoco.postgres.caSource" -}}
{{- $postgres := .root.Values.global.stores.postgres -}}
{{- if eq $postgres.mode "cloudnativepg" -}}
{{/* This Secret of the operator holds the authority's key too: only its certificate is mounted. */}}
- secret:
    name: {{ include "dailydoco.postgres.cluster" . }}-ca
    items: [{key: ca.crt, path: database-ca.crt}]
{{- else if and (eq $postgres.mode "existing") $postgres.existing.privateCa -}}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" .kind "service" .service) }}
    items: [{key: ca.crt, path: database-ca.crt}]
{{- end -}}
{{- end }}

{{/* Everything a service is told about its stores, as a list of environment variables. */}}
{{- define "dailydoco.stores.env" -}}
- {name: DATABASE_URL_FILE, value: /run/secrets/dailydoco/database-url}
{{ include "dailydoco.kafka.env" . }}
{{- if include "dailydoco.usesRedis" . }}
- {name: REDIS_URL_FILE, value: /run/secrets/dailydoco/redis-url}
{{- if and (eq .root.Values.global.stores.redis.mode "existing") .root.Values.global.stores.redis.existing.privateCa }}
- {name: NODE_EXTRA_CA_CERTS, value: /run/secrets/dailydoco/redis-ca.crt}
{{- end }}
{{- end }}
{{- end }}

{{/* The files that the variables above name, as sources of a projected volume mounted at /run/secrets/dailydoco. */}}
{{- define "dailydoco.stores.sources" -}}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "database" "service" .service) }}
    items: [{key: url, path: database-url}]
{{- with include "dailydoco.postgres.caSource" (dict "root" .root "service" .service "kind" "database") }}
{{ . }}
{{- end }}
{{ include "dailydoco.kafka.sources" . }}
{{- if include "dailydoco.usesRedis" . }}
- secret:
    name: {{ include "dailydoco.secretName" (dict "root" .root "kind" "redis") }}
    items:
      - {key: url, path: redis-url}
{{- if and (eq .root.Values.global.stores.redis.mode "existing") .root.Values.global.stores.redis.existing.privateCa }}
      - {key: ca.crt, path: redis-ca.crt}
{{- end }}
{{- end }}
{{- end }}

{{/*
"true" when the release itself makes what a job needs: a store, or the Secret that says how to reach it. Such a job cannot run
before the release's own resources exist. Takes root, store (postgres or kafka), and the kind of the Secret with its service.
*/}}
{{- define "dailydoco.madeByRelease" -}}
{{- $mode := (get .root.Values.global.stores .store).mode -}}
{{- if or (ne $mode "existing") (not (include "dailydoco.secretGiven" .)) }}true{{ end -}}
{{- end }}
