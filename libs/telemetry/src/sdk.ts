import { readFileSync } from 'node:fs';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import {
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import { metricProducer } from './metric-export.js';
import { observeProcess } from './process-metrics.js';
import { setTelemetryShutdown } from './shutdown.js';
import { eventPropagator } from './propagation.js';
import { traceIncomingRequests, UNTRACED_PATH } from './request-trace.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts tracing and the export of metrics, by OpenTelemetry's own settings (OTEL_EXPORTER_OTLP_ENDPOINT,
 * OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_SDK_DISABLED …). Without an endpoint nothing is
 * recorded or sent, but every request still has a trace id for logs and problems, and hands it on.
 */
export function startTelemetry(env: Environment): void {
  observeProcess();
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return;
  const exporting = (env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') !== '';
  const resource = resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? packageName() }).merge(
    detectResources({ detectors: [hostDetector, serviceInstanceIdDetector, envDetector] }),
  );
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    textMapPropagator: eventPropagator,
    logRecordProcessors: [],
    // Instrumentations bring metrics of their own; ours are those of the schema, and they are enough.
    metricReaders: [],
    ...(exporting
      ? { traceExporter: new OTLPTraceExporter() }
      : { sampler: new AlwaysOffSampler(), spanProcessors: [new NoopSpanProcessor()] }),
    instrumentations: exporting ? recordingInstrumentations() : carryingInstrumentations(),
  });
  sdk.start();
  if (!exporting) traceIncomingRequests();
  const meters = exporting
    ? new MeterProvider({
        resource,
        readers: [
          new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), metricProducers: [metricProducer] }),
        ],
      })
    : undefined;
  setTelemetryShutdown(async () => {
    await Promise.all([sdk.shutdown(), meters?.shutdown()]);
  });
}

/** Those that hand the trace on to the next process, and no more. */
function carryingInstrumentations(): Instrumentation[] {
  return [new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }), grpcInstrumentation()];
}

function recordingInstrumentations(): Instrumentation[] {
  return [
    new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => UNTRACED_PATH.test(url ?? '') }),
    grpcInstrumentation(),
    new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
    new IORedisInstrumentation({ requireParentSpan: true }),
    new KafkaJsInstrumentation(),
    // One span a request, named by its route; hooks and handlers would be three more.
    new FastifyOtelInstrumentation({
      registerOnInitialization: true,
      instrumentHooks: false,
      instrumentHandler: false,
      recordExceptions: false,
      ignorePaths: ({ url }) => UNTRACED_PATH.test(url),
    }),
  ];
}

/** Health checks are left out by the names of their methods, which is all that the server's side can be told. */
function grpcInstrumentation(): Instrumentation {
  return new GrpcInstrumentation({ ignoreGrpcMethods: ['Check', 'Watch'] });
}

/** The name of the package that is run, without its scope; every service is run in its own folder. */
function packageName(): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
    if (typeof manifest === 'object' && manifest !== null && 'name' in manifest && typeof manifest.name === 'string') {
      return manifest.name.replace(/^@[^/]+\//, '');
    }
  } catch {
    // A process run elsewhere is named by OTEL_SERVICE_NAME, or not at all.
  }
  return 'unknown_service:node';
}
