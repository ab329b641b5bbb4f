{{/* The pods of a service, or those of its background work. */}}
{{- define "dailydoco.deployment" -}}
{{- $full := include "dailydoco.fullname" . -}}
{{- $service := include "dailydoco.serviceOf" . -}}
{{- $shared := include "dailydoco.serviceFullname" . -}}
{{- $oneNode := and .facts.sites (ne .values.sites.accessMode "ReadWriteMany") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dailydoco.labels" . | nindent 4 }}
spec:
  {{- if eq .values.autoscaling.mode "none" }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  # Pods wait up to ten minutes for their schema before they give up.
  progressDeadlineSeconds: 900
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels:
      {{- include "dailydoco.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "dailydoco.podLabels" . | nindent 8 }}
        {{- with .values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ $service }}
        {{- with .values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ $shared }}
      automountServiceAccountToken: false
      # Kubernetes' own variables for each Service of the namespace would be taken for settings.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ include "dailydoco.gracePeriodSeconds" . }}
      {{- with include "dailydoco.imagePullSecrets" . }}
      {{- . | nindent 6 }}
      {{- end }}
      securityContext:
        {{- include "dailydoco.podSecurity" . | nindent 8 }}
      {{- with include "dailydoco.placement" (dict "root" .root "name" .name "values" .values "oneNode" $oneNode) | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ $service }}
          image: {{ include "dailydoco.image" (dict "root" .root "image" .values.image) }}
          imagePullPolicy: {{ .root.Values.global.image.pullPolicy }}
          ports:
            - {name: http, containerPort: 8080, protocol: TCP}
            - {name: grpc, containerPort: 9090, protocol: TCP}
          env:
            {{- include "dailydoco.env" . | nindent 12 }}
          {{- include "dailydoco.probes" . | nindent 10 }}
          lifecycle:
            preStop:
              sleep:
                # Meanwhile the pod still serves, and routers learn that it goes; only then comes SIGTERM.
                seconds: {{ .values.shutdown.preStopSeconds }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            {{- include "dailydoco.containerSecurity" . | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: secrets, mountPath: /run/secrets/dailydoco, readOnly: true}
            {{- if .root.Values.global.mtls.enabled }}
            - {name: tls, mountPath: /run/secrets/dailydoco-tls, readOnly: true}
            {{- end }}
            {{- if .facts.sites }}
            - {name: sites, mountPath: /var/lib/dailydoco/sites}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: {{ .values.tmpSizeLimit }}
        - name: secrets
          projected:
            # 0440: for the group of the pod alone.
            defaultMode: 288
            sources:
              {{- include "dailydoco.secretSources" . | nindent 14 }}
        {{- if .root.Values.global.mtls.enabled }}
        - name: tls
          secret:
            secretName: {{ $shared }}-tls
            defaultMode: 288
        {{- end }}
        {{- if .facts.sites }}
        - name: sites
          persistentVolumeClaim:
            claimName: {{ .values.sites.existingClaim | default (printf "%s-sites" $full) }}
        {{- end }}
{{- end }}

{{/*
How long a pod may take to go: the sleep before SIGTERM, the pause between "not ready" and draining, the four stages of the
shutdown, and five seconds for the runtime itself.
*/}}
{{- define "dailydoco.gracePeriodSeconds" -}}
{{- $stageMs := 10000 -}}
{{- with .values.shutdown.completionDrainMs -}}
{{- $stageMs = add . 3000 -}}
{{- end -}}
{{- $shutdownMs := add (.values.shutdown.delayMs | int) (mul 4 $stageMs) -}}
{{ add (.values.shutdown.preStopSeconds | int) (div (add $shutdownMs 999) 1000) 5 }}
{{- end }}

{{/*
Startup and readiness ask grpc.health.v1: red until the schema is there and both ports listen, red again from SIGTERM on, and
indifferent to a store that is away, so that a pod goes on answering what needs no store and cleanly refuses the rest. With
mTLS the kubelet has no certificate to show: then HTTP is asked, and readiness forgives half a minute without the database.
*/}}
{{- define "dailydoco.probes" -}}
{{- $mtls := .root.Values.global.mtls.enabled -}}
startupProbe:
  {{- if $mtls }}
  httpGet: {path: /health/ready, port: http}
  {{- else }}
  grpc: {port: 9090}
  {{- end }}
  # The process gives up by itself when its schema does not come within 600 s.
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 330
readinessProbe:
  {{- if $mtls }}
  httpGet: {path: /health/ready, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 6
  {{- else }}
  grpc: {port: 9090}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
  {{- end }}
livenessProbe:
  httpGet: {path: /health/live, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}
