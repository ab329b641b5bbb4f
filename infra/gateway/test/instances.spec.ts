import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../src/config.js';
import { afterProbe, healthRulesOf, Instances, type ProbeOutcome, WELL } from '../src/instances.js';
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

describe('a second try', () => {
  const instances = (...addresses: string[]) =>
    new Instances({ addresses, rules, logger: { warn: () => undefined, info: () => undefined } });

  it('goes to another instance, whoever’s turn it is', () => {
    const two = instances('a:1', 'b:2');
    expect([1, 2, 3].map(() => two.next('a:1'))).toEqual(['b:2', 'b:2', 'b:2']);
    two.close();
  });

  it('goes to the same where there is no other', () => {
    expect(instances('a:1').next('a:1')).toBe('a:1');
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
