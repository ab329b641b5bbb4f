import { ValueType } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import type { CollectionResult, MetricData, MetricProducer, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { collectMetrics } from './metric-store.js';
import type { Metric, Series } from './metric-store.js';

const SCOPE = { name: 'dailydoco' };
const PROCESS_START: HrTime = toHrTime(Date.now());

/** The content type that `/metrics` answers with. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);

/** The body of `/metrics`: every metric used so far in Prometheus' text format. */
export async function renderPrometheus(): Promise<string> {
  return `${serializer.serialize(resourceMetrics()).trimEnd()}\n`;
}

/** Hands the metrics to OpenTelemetry's readers, which send them on by OTLP. */
export const metricProducer: MetricProducer = {
  async collect(): Promise<CollectionResult> {
    return { resourceMetrics: resourceMetrics(), errors: [] };
  },
};

function resourceMetrics(): ResourceMetrics {
  const now = toHrTime(Date.now());
  const metrics = collectMetrics().map((metric) => toMetricData(metric, now));
  return { resource: emptyResource(), scopeMetrics: [{ scope: SCOPE, metrics }] };
}

function toMetricData({ name, spec, series }: Metric, now: HrTime): MetricData {
  const base = {
    descriptor: { name, description: spec.description, unit: spec.unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = (of: Series) => ({ startTime: PROCESS_START, endTime: now, attributes: of.labels });
  switch (spec.kind) {
    case 'counter': {
      const dataPoints = series.map((of) => ({ ...point(of), value: of.value }));
      return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
    }
    case 'gauge': {
      const dataPoints = series.map((of) => ({ ...point(of), value: of.value }));
      return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
    }
    case 'histogram': {
      const boundaries = [...(spec.buckets ?? [])];
      const dataPoints = series.map((of) => ({
        ...point(of),
        value: { buckets: { boundaries, counts: [...of.bucketCounts] }, sum: of.sum, count: of.count },
      }));
      return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
  }
}

function toHrTime(epochMs: number): HrTime {
  return [Math.floor(epochMs / 1_000), (epochMs % 1_000) * 1_000_000];
}
