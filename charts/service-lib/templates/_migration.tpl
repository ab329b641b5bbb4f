{{/*
Jobs that prepare a store: the migrations of a service, and Kafka's topics. Each has an account of its own, without a token and
without rights, and mounts the one Secret that it needs.

When a job runs
  (a) Its store and its Secret exist before the release: as a pre-install and pre-upgrade hook, so that a migration that fails
      stops the upgrade while the old pods still serve.
  (b) The release itself makes the store or the Secret: a hook would wait for what comes after it. On install the job is an
      ordinary resource; on an upgrade store and Secret are there, and it is a pre-upgrade hook as in (a). What an upgrade
      brings for the first time (a new service, a new store) has an ordinary job again.
Pods wait for the schema that they need in both, so an ordinary job may take its time.

An ordinary job's name carries the version and a hash of what it runs: jobs cannot be changed, only replaced. A hook's name
carries neither, and the job is deleted once it has succeeded; a failed one stays to be looked at, until the next begins.
`helm rollback` runs no migration: migrations only add, and the code before them runs after them. (A rollback to the very first
revision of (b) makes its ordinary jobs again; they find migrations applied that they do not know, and fail, without harm.)
*/}}

{{/*
"true" when something that the release makes is in the cluster already, and away from a cluster. Takes root, api, kind and name.
A kind that the cluster does not know may not be asked for, and none of it exists.
*/}}
{{- define "dailydoco.exists" -}}
{{- if not (lookup "v1" "ServiceAccount" .root.Release.Namespace "default") -}}
true
{{- else if .root.Capabilities.APIVersions.Has (printf "%s/%s" .api .kind) -}}
{{- if lookup .api .kind .root.Release.Namespace .name }}true{{ end -}}
{{- end -}}
{{- end }}

{{/* Hook events of a job, or nothing for an ordinary one. Takes root, made, and needs: a list of {api, kind, name}. */}}
{{- define "dailydoco.job.hook" -}}
{{- if not .made -}}
pre-install,pre-upgrade
{{- else if .root.Release.IsUpgrade -}}
{{- $there := true -}}
{{- $root := .root -}}
{{- range .needs }}{{ if not (include "dailydoco.exists" (merge (dict "root" $root) .)) }}{{ $there = false }}{{ end }}{{ end -}}
{{- if $there }}pre-upgrade{{ end -}}
{{- end -}}
{{- end }}

{{/*
A job and its account. Takes root, name (`identity-migrate`, also its label), image, args, env and sources (YAML lists as text),
settings ({resources, backoffLimit, activeDeadlineSeconds}) and hook (events, or nothing).
*/}}
{{- define "dailydoco.job" -}}
{{- $settings := .settings | default dict -}}
{{- $labels := include "dailydoco.labels" (dict "root" .root "name" .name "component" "migration") -}}
{{- $account := include "dailydoco.fullname" (dict "root" .root "name" .name) -}}
{{- $pod := include "dailydoco.job.pod" (merge (dict "account" $account "settings" $settings) .) -}}
{{- $name := $account -}}
{{- if not .hook -}}
{{- $suffix := printf "-%s-%s" (regexReplaceAll "[^a-z0-9]+" (lower .root.Chart.AppVersion) "-") (sha256sum $pod | trunc 6) -}}
{{- $name = printf "%s%s" (trunc (int (sub 63 (len $suffix))) $account | trimSuffix "-") $suffix -}}
{{- end -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $account }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- $labels | nindent 4 }}
  {{- with .hook }}
  annotations:
    helm.sh/hook: {{ . }}
    helm.sh/hook-weight: "-10"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- end }}
automountServiceAccountToken: false
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- $labels | nindent 4 }}
  {{- with .hook }}
  annotations:
    helm.sh/hook: {{ . }}
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- end }}
spec:
  # A store that the release has just made takes its time to come up; one that exists answers, or something is wrong.
  backoffLimit: {{ $settings.backoffLimit | default (ternary 3 10 (not (empty .hook))) }}
  activeDeadlineSeconds: {{ $settings.activeDeadlineSeconds | default 1800 }}
  template:
    metadata:
      labels: {{- include "dailydoco.podLabels" (dict "root" .root "name" .name "component" "migration") | nindent 8 }}
    spec:
      {{- $pod | nindent 6 }}
{{- end }}

{{- define "dailydoco.job.pod" -}}
restartPolicy: Never
{{- with include "dailydoco.imagePullSecrets" . }}
{{ . }}
{{- end }}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- include "dailydoco.podSecurity" . | nindent 2 }}
containers:
  - name: job
    image: {{ include "dailydoco.image" . }}
    imagePullPolicy: {{ .root.Values.global.image.pullPolicy }}
    args: {{- toYaml .args | nindent 6 }}
    env:
      - {name: NODE_ENV, value: production}
      {{- .env | nindent 6 }}
    securityContext: {{- include "dailydoco.containerSecurity" . | nindent 6 }}
    resources: {{- toYaml (.settings.resources | default (dict "requests" (dict "cpu" "50m" "memory" "128Mi") "limits" (dict "memory" "256Mi"))) | nindent 6 }}
    volumeMounts:
      - {name: secrets, mountPath: /run/secrets/dailydoco, readOnly: true}
      - {name: tmp, mountPath: /tmp}
volumes:
  - name: secrets
    projected:
      # 0440: for the group of the pod alone.
      defaultMode: 288
      sources:
        {{- .sources | nindent 8 }}
  - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
{{- end }}

{{/* The migrations of a service. Takes root, name and values. */}}
{{- define "dailydoco.migration" -}}
{{- $at := dict "root" .root "service" .name "kind" "database-owner" "store" "postgres" -}}
{{- $secret := include "dailydoco.secretName" $at -}}
{{- $needs := list (dict "api" "v1" "kind" "Secret" "name" $secret) -}}
{{- $mode := .root.Values.global.stores.postgres.mode -}}
{{- if eq $mode "evaluation" -}}
{{- $needs = append $needs (dict "api" "apps/v1" "kind" "StatefulSet" "name" (include "dailydoco.postgres.host" $at)) -}}
{{- else if eq $mode "cloudnativepg" -}}
{{- $needs = append $needs (dict "api" "postgresql.cnpg.io/v1" "kind" "Cluster" "name" (include "dailydoco.postgres.cluster" $at)) -}}
{{- end -}}
{{- $env := printf "- {name: DATABASE_OWNER_URL_FILE, value: /run/secrets/dailydoco/database-owner-url}\n- {name: DATABASE_APP_ROLE, value: %s_app}" (include "dailydoco.database" .name) -}}
{{- $sources := printf "- secret:\n    name: %s\n    items: [{key: url, path: database-owner-url}]" $secret -}}
{{- with include "dailydoco.postgres.caSource" $at -}}
{{- $sources = printf "%s\n%s" $sources (. | trim) -}}
{{- end -}}
{{- $hook := include "dailydoco.job.hook" (dict "root" .root "made" (include "dailydoco.madeByRelease" $at) "needs" $needs) -}}
{{- include "dailydoco.job" (dict "root" .root "name" (printf "%s-migrate" .name) "image" .values.image "args" (list "dist/migrate.js") "env" $env "sources" $sources "settings" (.values.migration | default dict) "hook" $hook) -}}
{{- end }}
