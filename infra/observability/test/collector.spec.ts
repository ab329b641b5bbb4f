import { describe, expect, it } from '@jest/globals';
import { COLLECTOR, type CollectorPipeline } from '../src/pipeline/collector.js';
import { PROMETHEUS } from '../src/pipeline/prometheus.js';

const pipelines: [string, CollectorPipeline][] = Object.entries(COLLECTOR.service.pipelines);

describe('The collector', () => {
  it.each(['receivers', 'processors', 'exporters'] as const)('uses all %s that it defines, and no other', (kind) => {
    const used = new Set(pipelines.flatMap(([, pipeline]) => pipeline[kind]));
    expect([...used].toSorted()).toEqual(Object.keys(COLLECTOR[kind]).toSorted());
  });

  it('starts all extensions that it defines', () => {
    expect(COLLECTOR.service.extensions).toEqual(Object.keys(COLLECTOR.extensions));
  });

  it('takes traces and metrics', () => {
    expect(pipelines.map(([name]) => name)).toEqual(['traces', 'metrics']);
  });

  it.each(pipelines)('limits memory before anything else and batches last: %s', (_name, { processors }) => {
    expect([processors[0], processors.at(-1)]).toEqual(['memory_limiter', 'batch']);
  });

  it('prints nobody’s data', () => {
    expect(Object.keys(COLLECTOR.exporters).filter((name) => /^(debug|logging)/.test(name))).toEqual([]);
  });

  it('is asked for its own metrics where Prometheus looks', () => {
    const targets = PROMETHEUS.scrape_configs.find(({ job_name: job }) => job === 'otel-collector');
    expect(JSON.stringify(COLLECTOR.service.telemetry)).toContain('"port":8888');
    expect(targets?.static_configs[0]?.targets).toEqual(['otel-collector:8888']);
  });
});
