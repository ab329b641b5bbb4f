import { DomainError } from '@dailydoco/errors';
import { renderPrometheus } from '@dailydoco/telemetry';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Breaker, type BreakerOptions, verdictOn } from './breaker.js';

let clients = 0;
let logged: string[];

beforeEach(() => {
  logged = [];
  jest.useFakeTimers({
    now: 0,
    doNotFake: ['nextTick', 'queueMicrotask', 'performance', 'setTimeout', 'setImmediate'],
  });
});
afterEach(() => {
  jest.useRealTimers();
});

function newBreaker(options: Partial<BreakerOptions> = {}): { breaker: Breaker; client: string } {
  clients += 1;
  const client = `spec-${clients}`;
  const logger = {
    warn: (_: object, text: string) => void logged.push(`warn ${text.split(':')[0]}`),
    info: (_: object, text: string) => void logged.push(`info ${text.split(':')[0]}`),
  } as unknown as NonNullable<BreakerOptions['logger']>;
  const breaker = new Breaker({
    client,
    failuresInRow: 3,
    firstPauseMs: 1_000,
    longestPauseMs: 4_000,
    logger,
    ...options,
  });
  return { breaker, client };
}

async function metric(name: string, client: string): Promise<number> {
  const line = (await renderPrometheus()).split('\n').find((text) => text.startsWith(`${name}{client="${client}"}`));
  return Number(line?.split(' ')[1]);
}

const fine = async (): Promise<string> => 'fine';
const failing = async (): Promise<never> => {
  throw new DomainError('UNAVAILABLE', { detail: 'no connection' });
};
const throwing = (error: unknown) => async (): Promise<never> => {
  throw error;
};
const reasonOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'fine',
    (error: unknown) => (error instanceof DomainError ? `${error.reason} ${error.detail}` : String(error)),
  );

const REFUSED = 'UNAVAILABLE A part that this needs cannot be reached right now.';
const OWN = 'UNAVAILABLE no connection';

async function fail(breaker: Breaker, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await reasonOf(breaker.run(failing));
}

describe('a breaker', () => {
  it('tells logs, and nobody else, why it is open', async () => {
    const { breaker, client } = newBreaker();
    await fail(breaker, 3);
    const refusal = breaker.refusal();
    expect(refusal.detail).not.toContain('no connection');
    expect(refusal.cause).toMatchObject({
      message: `the breaker of ${client} is open`,
      cause: { detail: 'no connection' },
    });
  });

  it('opens after so many failures in a row, and does no work while it is open', async () => {
    const { breaker, client } = newBreaker();
    await fail(breaker, 2);
    await breaker.run(fine);
    await fail(breaker, 2);
    expect(breaker.isOpen).toBe(false);
    expect(await reasonOf(breaker.run(failing))).toBe(OWN);
    expect(breaker.isOpen).toBe(true);
    const work = jest.fn(fine);
    expect(await reasonOf(breaker.run(work))).toBe(REFUSED);
    expect(work).not.toHaveBeenCalled();
    expect(await metric('dailydoco_breaker_state', client)).toBe(2);
    expect(await metric('dailydoco_breaker_opened_total', client)).toBe(1);
    expect(await metric('dailydoco_breaker_refused_calls_total', client)).toBe(1);
  });

  it('lets one call through after the pause, whose answer closes it', async () => {
    const { breaker, client } = newBreaker();
    await fail(breaker, 3);
    jest.setSystemTime(1_001);
    const { promise, resolve } = Promise.withResolvers<string>();
    const probe = breaker.run(() => promise);
    expect(await metric('dailydoco_breaker_state', client)).toBe(1);
    // Nobody waits for the probe.
    expect(await reasonOf(breaker.run(fine))).toBe(REFUSED);
    resolve('fine');
    expect(await probe).toBe('fine');
    expect(await breaker.run(fine)).toBe('fine');
    expect(await metric('dailydoco_breaker_state', client)).toBe(0);
  });

  it('stays open twice as long after each probe that failed, up to a bound, and says both changes once', async () => {
    const { breaker, client } = newBreaker();
    await fail(breaker, 3);
    let now = 0;
    // Half of each pause may be left out, so that replicas do not probe together.
    for (const longest of [1_000, 2_000, 4_000, 4_000]) {
      jest.setSystemTime(now + longest / 2 - 1);
      expect(await reasonOf(breaker.run(failing))).toBe(REFUSED);
      now += longest + 1;
      jest.setSystemTime(now);
      expect(await reasonOf(breaker.run(failing))).toBe(OWN);
    }
    jest.setSystemTime(now + 4_001);
    await breaker.run(fine);
    expect(logged).toEqual(['warn the breaker opened', 'info the breaker closed']);
    expect(await metric('dailydoco_breaker_opened_total', client)).toBe(1);
  });

  it('is not closed by a probe that its caller cancelled', async () => {
    const { breaker } = newBreaker();
    await fail(breaker, 3);
    jest.setSystemTime(1_001);
    expect(await reasonOf(breaker.run(throwing(new DomainError('CANCELLED'))))).toContain('CANCELLED');
    expect(breaker.isOpen).toBe(true);
    expect(await reasonOf(breaker.run(fine))).toBe(REFUSED);
  });

  it.each(['NOT_FOUND', 'VALIDATION_FAILED', 'OVERLOADED', 'INTERNAL', 'CANCELLED'] as const)(
    'is not opened by %s, however often',
    async (reason) => {
      const { breaker } = newBreaker();
      for (let n = 0; n < 50; n += 1) await reasonOf(breaker.run(throwing(new DomainError(reason))));
      expect(breaker.isOpen).toBe(false);
    },
  );

  it('takes a refusal as an answer, and a cancel as no news', async () => {
    const { breaker } = newBreaker();
    await fail(breaker, 2);
    await reasonOf(breaker.run(throwing(new DomainError('CANCELLED'))));
    await fail(breaker, 1);
    expect(breaker.isOpen).toBe(true);
    const { breaker: other } = newBreaker();
    await fail(other, 2);
    await reasonOf(other.run(throwing(new DomainError('NOT_FOUND'))));
    await fail(other, 1);
    expect(other.isOpen).toBe(false);
  });
});

describe('the verdict', () => {
  it.each([
    [new DomainError('UNAVAILABLE'), 'failed'],
    [new DomainError('DEADLINE_EXCEEDED'), 'failed'],
    [new DomainError('OVERLOADED'), 'answered'],
    [new DomainError('CANCELLED'), 'unknown'],
    [new Error('a bug'), 'answered'],
  ] as const)('on %s is %s', (error, verdict) => {
    expect(verdictOn(error)).toBe(verdict);
  });
});
