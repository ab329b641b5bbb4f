{{/* The collector's configuration: files/observability/otel-collector.yaml, and over it what the installation adds. */}}
{{- define "dailydoco.collector.config" -}}
{{- $text := .Files.Get "files/observability/otel-collector.yaml" -}}
{{- if not $text -}}
{{- fail "files/observability/otel-collector.yaml is not in the chart: take global.telemetry.mode external or off" -}}
{{- end -}}
{{- $config := $text | fromYaml -}}
{{- if hasKey $config "Error" }}{{ fail (printf "files/observability/otel-collector.yaml is no YAML: %s" $config.Error) }}{{ end -}}
{{- if not .Values.collector.tracesEndpoint -}}
{{- fail "collector.tracesEndpoint must say where traces are sent by OTLP (gRPC), such as jaeger.monitoring:4317, when global.telemetry.mode is collector" -}}
{{- end -}}
{{ toYaml (mergeOverwrite $config .Values.collector.config) }}
{{- end }}
