import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../src/config.js';
import { afterProbe, healthRulesOf, type ProbeOutcome, WELL } from '../src/instances.js';
import { renderKong } from '../src/render.js';

const rules = healthRulesOf(renderKong().upstreams[0]?.healthchecks ?? {});

describe('an instance', () => {
  it.each<[ProbeOutcome[], boolean]>([
    [['well'], false],
    [['http'], true],
    [['tcp'], false],
    [['tcp', 'tcp'], true],
    [['timeout'], false],
    [['timeout', 'timeout'], true],
    [['tcp', 'well', 'tcp'], false],
    [['http', 'tcp'], true],
    [['http', 'tcp', 'well'], false],
  ])('that answered its probes with %j is left out: %s', (outcomes, sick) => {
    expect(outcomes.reduce((health, outcome) => afterProbe(health, outcome, rules), WELL).sick).toBe(sick);
  });
});

describe('GATEWAY_UPSTREAMS', () => {
  const read = (text: string) =>
    readConfig({ GATEWAY_CONFIG: 'kong.yml', REDIS_URL: 'redis://r', GATEWAY_UPSTREAMS: text }).GATEWAY_UPSTREAMS;

  it('names one instance of a service or several', () => {
    expect([...read('identity=a:1|b:2, payouts=c:3')]).toEqual([
      ['identity', ['a:1', 'b:2']],
      ['payouts', ['c:3']],
    ]);
  });

  it.each(['identity', 'identity=', 'identity=a:1|', 'identity=a', 'identity=a:1,identity=b:2'])(
    'refuses %j',
    (text) => {
      expect(() => read(text)).toThrow('GATEWAY_UPSTREAMS');
    },
  );
});
