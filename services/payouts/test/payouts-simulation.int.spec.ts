import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOf, getStores } from '@dailydoco/testing';
import { SeedRunner } from './simulation/run-seed.js';

// `npm run sim -- payouts` runs as many as wanted.
const SEEDS = Array.from({ length: 8 }, (_, n) => n + 1);
const STEPS = 30;
const SHRINK_MS = 20_000;

let seeds: SeedRunner;

beforeAll(async () => {
  seeds = new SeedRunner((await getStores()).postgresUrl);
});

afterAll(() => seeds.stop());

describe('Whatever happens in whichever order', () => {
  it('nobody is paid twice, nothing is stuck, and the books balance', async () => {
    for (const seed of SEEDS) {
      const { broken } = await seeds.run({ seed, steps: STEPS, shrinkMs: SHRINK_MS });
      const again = `npm run sim -- payouts --seeds 1 --seed ${seed} --steps ${STEPS}`;
      expect(broken && [broken.why, ...broken.script, again].join('\n')).toBeUndefined();
    }
  }, 60_000);

  it('happens again from the same seed', async () => {
    const courses = [];
    for (const seed of [3, 7, 3]) courses.push((await seeds.run({ seed, steps: STEPS, shrinkMs: 0 })).course);
    const [first, other, again] = courses.map(digestOf);
    expect(courses[0]?.trace.length).toBeGreaterThan(50);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  }, 30_000);
});
