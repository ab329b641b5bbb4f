// What a run is told: where the fleet is, who lives in it, how much is sent; and what it says at its end.
import { randomSeed } from 'k6';

/** Made by `npm run load`: people with tokens and codes, buyers with seven above them, published sites, keys. */
export const world = JSON.parse(open(__ENV.WORLD));

const rate = Number(__ENV.RATE);
const seconds = Number(__ENV.SECONDS);
randomSeed(Number(__ENV.SEED ?? 1));

const QUANTILES = ['med', 'p(95)', 'p(99)', 'max', 'count'];
/** The names whose figures are told one by one; k6 keeps apart only what a threshold names. */
const NAMES = (__ENV.NAMES ?? '').split(',').filter((name) => name !== '');

function optionsOf(load) {
  return {
    discardResponseBodies: false,
    summaryTrendStats: QUANTILES,
    thresholds: Object.fromEntries(NAMES.map((name) => [`http_req_duration{name:${name}}`, ['max>=0']])),
    scenarios: {
      load: { preAllocatedVUs: Math.min(200, Math.max(10, rate)), maxVUs: 400, gracefulStop: '15s', ...load },
    },
  };
}

/** An open load: so many begin each second, however long the answers take. */
export function steady() {
  return optionsOf({ executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration: `${seconds}s` });
}

/** From a tenth to all of the rate within a fifth of the time, the rest at the top. */
export function spike() {
  const climb = Math.max(1, Math.round(seconds / 5));
  return optionsOf({
    executor: 'ramping-arrival-rate',
    startRate: Math.max(1, Math.round(rate / 10)),
    timeUnit: '1s',
    stages: [
      { target: rate, duration: `${climb}s` },
      { target: rate, duration: `${Math.max(1, seconds - climb)}s` },
    ],
  });
}

/** For k6's own `handleSummary`: everything it measured, to the file that was named. */
export function toFile(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}

/** Random, and good enough for ids that only must differ. */
export function uuid() {
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
}
