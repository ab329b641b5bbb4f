import { beforeAll, describe, expect, it } from '@jest/globals';
import { digestOf, getStores, type SeedResult } from '@dailydoco/testing';
import { migratedDatabase } from './engine.js';
import { runSeed } from './simulation/run-seed.js';

// Seeds of their own steps: the smaller ones are there to be read when they break. `npm run sim` runs as many as wanted.
const SEEDS = [1, 2, 3, 4, 5, 6];
const STEPS = 40;
const SHRINK_MS = 20_000;

let superuserUrl: string;

beforeAll(async () => {
  superuserUrl = (await getStores()).postgresUrl;
});

function run(seed: number, steps = STEPS): Promise<SeedResult> {
  return runSeed({ superuserUrl, database: () => migratedDatabase(), seed, steps, shrinkMs: SHRINK_MS });
}

describe('Whatever happens in whichever order', () => {
  it.each(SEEDS)('the money core does what the model says: seed %i', async (seed) => {
    const { broken } = await run(seed);
    const again = `npm run sim -- --seeds 1 --seed ${seed} --steps ${STEPS}`;
    expect(broken && [broken.why, ...broken.script, again].join('\n')).toBeUndefined();
  });

  it('happens again from the same seed', async () => {
    const [first, second] = [await run(7, 15), await run(7, 15)];
    expect(first.course.trace.length).toBeGreaterThan(50);
    expect(digestOf(second.course)).toBe(digestOf(first.course));
  });
});
