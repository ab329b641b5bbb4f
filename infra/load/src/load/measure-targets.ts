import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { CachedApiKeys } from '@dailydoco/auth';
import { Api, type Fleet, type Progress, SERVICES } from '@dailydoco/local';
import type { LoadFigures } from './k6-summary.js';
import { runK6 } from './k6.js';
import type { LoadedFleet } from './loaded-fleet.js';
import { type Buckets, bucketsOf, quantile, readSamples, since, sumOf } from './metrics-text.js';
import { scenarioNamed } from './scenarios.js';

const MIX = 'global_viral_event_simulation';
const SIGN_UPS = 'massive_signup_wave';
const SIGN_UPS_PER_SECOND = 8;
const SIGN_UP_SECONDS = 20;
const WARM_UP_SECONDS = 8;
/** Fewer say nothing about a 95th percentile. */
const LEAST_SAMPLES = 20;
const LOOKUPS = 20_000;
const STEADY_ANSWERS = 10;
const LONGEST_RECOVERY_MS = 120_000;

type Samples = ReturnType<typeof readSamples>;

/** What all services have counted so far. */
async function scrape(fleet: Fleet): Promise<Samples> {
  const texts = await Promise.all(
    SERVICES.map(async (name) => (await fetch(`http://127.0.0.1:${fleet.addresses.ports[name].http}/metrics`)).text()),
  );
  return texts.flatMap(readSamples);
}

function p95Ms(buckets: Buckets): number | undefined {
  const counted = Math.max(0, ...buckets.values());
  return counted < LEAST_SAMPLES ? undefined : 1_000 * quantile(buckets, 0.95);
}

function between(before: Samples, after: Samples, name: string): Buckets {
  return since(bucketsOf(before, name), bucketsOf(after, name));
}

/** One lookup of an API key that is known, as each service does it for each request; in milliseconds. */
async function cacheHitMs(): Promise<number> {
  const key = { apiKeyId: 'k', tenantId: 't', scopes: [] };
  const cache = new CachedApiKeys({ resolve: () => Promise.resolve(key) });
  const sha256 = new Uint8Array(32).fill(7);
  await cache.lookUp(sha256);
  const times: number[] = [];
  for (let lookup = 0; lookup < LOOKUPS; lookup += 1) {
    const startedAt = performance.now();
    await cache.lookUp(sha256);
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(0.95 * LOOKUPS)] ?? Number.NaN;
}

/** From kill -9 of viral-engine to the first of ten purchases in a row that are accepted again; in seconds. */
async function recoverySeconds({ fleet, worldFile }: LoadedFleet): Promise<number> {
  const { apiKey, buyers } = JSON.parse(readFileSync(worldFile, 'utf8')) as {
    apiKey: string;
    buyers: { id: string }[];
  };
  const api = new Api(fleet.addresses.gatewayUrl);
  const body = () => ({
    externalId: `recovery-${randomUUID()}`,
    buyerId: buyers[0]?.id,
    amount: { amount: '79.00', currency: 'USD' },
    stream: 'subscription',
  });
  const killedAt = performance.now();
  fleet.processes.get('viral-engine')?.kill('SIGKILL');
  let inARow = 0;
  let recoveredAt = 0;
  while (inARow < STEADY_ANSWERS) {
    if (performance.now() - killedAt > LONGEST_RECOVERY_MS) return Number.NaN;
    const accepted = await api.post('/v1/purchases', body(), { token: apiKey }).then(
      () => true,
      () => false,
    );
    if (accepted && inARow === 0) recoveredAt = performance.now();
    inARow = accepted ? inARow + 1 : 0;
    if (!accepted) await wait(100);
  }
  return (recoveredAt - killedAt) / 1_000;
}

export interface Measured {
  readonly figures: LoadFigures;
  readonly values: Readonly<Record<string, number | undefined>>;
}

/** Measures all that the targets are about, at so many iterations a second of everything. */
export async function measureTargets(
  loaded: LoadedFleet,
  { rate, seconds, progress }: { rate: number; seconds: number; progress: Progress },
): Promise<Measured> {
  const mix = scenarioNamed(MIX);
  const signUps = scenarioNamed(SIGN_UPS);
  if (mix === undefined || signUps === undefined) throw new Error('a scenario was renamed');
  await progress.step('warm up', async () => {
    await runK6({ ...loaded, scenario: mix, rate, seconds: WARM_UP_SECONDS });
    await runK6({ ...loaded, scenario: signUps, rate: SIGN_UPS_PER_SECOND, seconds: WARM_UP_SECONDS });
  });
  const before = await scrape(loaded.fleet);
  const figures = await progress.step(`${MIX}, ${rate}/s for ${seconds} s`, () =>
    runK6({ ...loaded, scenario: mix, rate, seconds }),
  );
  await wait(1_000);
  const after = await scrape(loaded.fleet);
  const beforeSignUps = await scrape(loaded.fleet);
  // Signing up with a code is what one service asks another for on the way of a request.
  await progress.step(`${SIGN_UPS_PER_SECOND} registrations a second for ${SIGN_UP_SECONDS} s`, () =>
    runK6({ ...loaded, scenario: signUps, rate: SIGN_UPS_PER_SECOND, seconds: SIGN_UP_SECONDS }),
  );
  const called = await scrape(loaded.fleet);
  const lookups = (labels: Record<string, string>): number =>
    sumOf(after, 'dailydoco_auth_api_key_lookups_total', labels) -
    sumOf(before, 'dailydoco_auth_api_key_lookups_total', labels);
  const recovery = await progress.step('kill -9 viral-engine, and wait', () => recoverySeconds(loaded));
  return {
    figures,
    values: {
      'api p50': figures.all.p50Ms,
      'api p95': figures.all.p95Ms,
      'api p99': figures.all.p99Ms,
      'api error rate': 100 * figures.errorRate,
      'service to service p95': p95Ms(between(beforeSignUps, called, 'dailydoco_grpc_client_duration_seconds')),
      'cache hits': lookups({}) === 0 ? undefined : (100 * lookups({ outcome: 'hit' })) / lookups({}),
      'cache hit p95': await cacheHitMs(),
      'event p95': p95Ms(between(before, after, 'dailydoco_consumer_event_age_seconds')),
      recovery,
    },
  };
}
