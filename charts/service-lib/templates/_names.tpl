{{/*
Names, labels and images. All take a dict: root (the chart's context) and name (of the workload, such as `identity`).
*/}}

{{/* Name of a workload and of what belongs to it: <release>-<name>. */}}
{{- define "dailydoco.fullname" -}}
{{- if gt (len .root.Release.Name) 30 -}}
{{- fail (printf "the release name %q is longer than 30 characters: names of Services made from it would not fit into 63" .root.Release.Name) -}}
{{- end -}}
{{ .root.Release.Name }}-{{ .name }}
{{- end }}

{{/*
The service that a workload is part of: itself, unless told. Pods that do a service's background work have its secrets, its account,
its certificate and the name of its container; only what selects them is their own. Takes name, and service where it is another.
*/}}
{{- define "dailydoco.serviceOf" -}}
{{ .service | default .name }}
{{- end }}

{{/* Where the values of a workload stand, for sentences about them. Takes name, and at where it is elsewhere. */}}
{{- define "dailydoco.valuesOf" -}}
{{ .at | default .name }}
{{- end }}

{{/* Name of the service that a workload is part of, and of what all its workloads share. Takes root, name and service. */}}
{{- define "dailydoco.serviceFullname" -}}
{{ include "dailydoco.fullname" (dict "root" .root "name" (include "dailydoco.serviceOf" .)) }}
{{- end }}

{{/* The labels by which a workload is selected. They never change during a workload's life. */}}
{{- define "dailydoco.selectorLabels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* All labels of a resource. Takes component (service, gateway, store, migration, test …) besides, `service` unless told. */}}
{{- define "dailydoco.labels" -}}
{{ include "dailydoco.selectorLabels" . }}
{{ include "dailydoco.commonLabels" . }}
{{- end }}

{{/* Labels without the ones that select. */}}
{{- define "dailydoco.commonLabels" -}}
app.kubernetes.io/component: {{ .component | default "service" }}
app.kubernetes.io/part-of: dailydoco
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The labels of a resource that belongs to the release but to no workload. */}}
{{- define "dailydoco.releaseLabels" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{ include "dailydoco.commonLabels" . }}
{{- end }}

{{/*
An image. Takes root and image: {registry, repository, tag, digest}. An image without a tag of its own is one of DailyDoco's:
its registry and tag are the ones of `global.image`, and the tag is the chart's appVersion unless told.
*/}}
{{- define "dailydoco.image" -}}
{{- $image := .image -}}
{{- $own := .root.Values.global.image -}}
{{- $registry := $image.registry | default $own.registry -}}
{{- $tag := $image.tag | default $own.tag | default .root.Chart.AppVersion -}}
{{- if eq $tag "latest" -}}
{{- fail (printf "the tag of image %s is `latest`, which names no version: name one" $image.repository) -}}
{{- end -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ $tag }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* Secrets by which images are pulled, as a field of a pod; nothing when none is named. */}}
{{- define "dailydoco.imagePullSecrets" -}}
{{- with .root.Values.global.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end -}}
{{- end }}
