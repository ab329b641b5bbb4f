{{/*
Stops with a sentence when an operator's kind is unknown to the cluster. Takes root, api (group/version/Kind), operator and
value. Away from a cluster (`helm template`) nothing is known of its kinds and nothing stops; there, and only there, the lookup
of the namespace's own account finds nothing. A first installation with --create-namespace counts as away, and then Helm itself
refuses: "no matches for kind".
*/}}
{{- define "dailydoco.requireOperator" -}}
{{- if and .root.Values.global.stores.requireOperators (not (.root.Capabilities.APIVersions.Has .api)) -}}
{{- if lookup "v1" "ServiceAccount" .root.Release.Namespace "default" -}}
{{- fail (printf "%s asks for %s, but this cluster does not know %s: install the operator first, or choose another mode. (global.stores.requireOperators: false skips this check.)" .value .operator .api) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Data outlive the release: uninstalling it must not take a database with it. */}}
{{- define "dailydoco.operators.annotations" -}}
helm.sh/resource-policy: keep
{{- end }}

{{/*
Pods of Strimzi meet the restricted pod security only when told so, and what is told here replaces the operator's own: its group 0
is the one that its image's user has, and without it that user could not write to a fresh volume.
*/}}
{{- define "dailydoco.strimzi.podSecurity" -}}
runAsNonRoot: true
fsGroup: 0
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Without a read-only root file system: the image writes settings below its own folder at each start. */}}
{{- define "dailydoco.strimzi.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
{{- end }}
