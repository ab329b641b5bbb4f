import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Lifecycle, STOP_STAGES, type Clock, type LifecycleLogger } from './index.js';

const NOT_READY_DELAY_MS = 5_000;
const DRAIN_TIMEOUT_MS = 10_000;

/** What happened, in order: hooks write here, and so does the log. */
let story: string[];
let nowMs: number;
let lifecycle: Lifecycle;

const clock: Clock = { now: () => new Date(nowMs) };
const logger: LifecycleLogger = {
  info: (_, message) => story.push(`log: ${message}`),
  warn: (_, message) => story.push(`warn: ${message}`),
  error: (_, message) => story.push(`error: ${message}`),
};

beforeEach(() => {
  jest.useFakeTimers();
  story = [];
  nowMs = 0;
  lifecycle = new Lifecycle({
    logger,
    notReadyDelayMs: NOT_READY_DELAY_MS,
    drainTimeoutMs: DRAIN_TIMEOUT_MS,
    clock,
  });
});

afterEach(() => {
  jest.useRealTimers();
});

function tells(line: string): () => Promise<void> {
  return async () => {
    await Promise.resolve();
    story.push(line);
  };
}

/** A hook that ends when the test says so. */
function gate(): { run: () => Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { run: () => promise, open: resolve };
}

function fails(message: string): () => Promise<void> {
  return () => Promise.reject(new Error(message));
}

const never = (): Promise<void> => new Promise<void>(() => undefined);

function told(): string[] {
  return story.filter((line) => !line.startsWith('log: '));
}

/** Lets everything happen that happens without time passing. */
function settle(): Promise<void> {
  return jest.advanceTimersByTimeAsync(0);
}

/** The value of a promise that must be there already. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  const pending = Symbol('pending');
  // A rejection that comes while time is moved on is looked at below.
  promise.catch(() => undefined);
  await settle();
  const value = await Promise.race([promise, Promise.resolve(pending)]);
  if (value === pending) throw new Error('still pending');
  return value as T;
}

describe('a start', () => {
  it('runs its hooks one after the other in the order of registration', async () => {
    const slow = gate();
    lifecycle.onStart('database', async () => {
      await slow.run();
      story.push('database');
    });
    lifecycle.onStart('consumers', tells('consumers'));
    lifecycle.onStart('http', tells('http'));
    const started = lifecycle.start();
    await settle();
    expect(told()).toEqual([]);
    slow.open();
    await settled(started);
    expect(told()).toEqual(['database', 'consumers', 'http']);
  });

  it.each([
    ['rejects', fails('no database')],
    [
      'throws before its first await',
      (): Promise<void> => {
        throw new Error('no database');
      },
    ],
  ])('stops what was started when a hook %s, skips the rest and tells the error', async (_, hook) => {
    lifecycle.onStart('pool', tells('pool opened'));
    lifecycle.onStop('stores', 'pool', tells('pool closed'));
    lifecycle.onStart('migrations', hook);
    lifecycle.onStart('http', tells('http'));
    await expect(settled(lifecycle.start())).rejects.toThrow('no database');
    expect(told()).toEqual(['pool opened', 'error: start failed', 'pool closed']);
  });

  it('interrupted by a shutdown finishes its running hook first, skips the rest, and returns when all has stopped', async () => {
    const [opening, closing] = [gate(), gate()];
    lifecycle.onStart('consumer', async () => {
      await opening.run();
      story.push('consumer opened');
    });
    lifecycle.onStart('http', tells('http'));
    lifecycle.onStop('consumers', 'consumer', async () => {
      await closing.run();
      story.push('consumer closed');
    });
    const started = lifecycle.start();
    await settle();
    const stopped = lifecycle.shutdown('SIGTERM');
    await settle();
    expect(told()).toEqual([]);
    opening.open();
    await expect(settled(started)).rejects.toThrow('still pending');
    expect(told()).toEqual(['consumer opened']);
    closing.open();
    await settled(stopped);
    await settled(started);
    expect(told()).toEqual(['consumer opened', 'consumer closed']);
    await expect(lifecycle.ready()).resolves.toEqual({ ok: false, failed: ['draining'] });
  });

  it('interrupted in a hook that hangs is given up after the drain timeout', async () => {
    lifecycle.onStart('consumer', never);
    lifecycle.onStop('stores', 'pool', tells('pool closed'));
    void lifecycle.start();
    const stopped = lifecycle.shutdown('SIGTERM');
    await jest.advanceTimersByTimeAsync(DRAIN_TIMEOUT_MS - 1);
    expect(told()).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await settled(stopped);
    expect(told()).toEqual(['pool closed']);
  });

  it('happens once, and hooks come before it', async () => {
    await settled(lifecycle.start());
    expect(() => lifecycle.onStart('late', tells('late'))).toThrow("onStart('late') came after start()");
    await expect(lifecycle.start()).rejects.toThrow('start() was called while started');
  });
});

describe('a shutdown', () => {
  it('pauses as not ready, then goes drain, consumers, relay, stores, whatever the order of registration', async () => {
    for (const stage of STOP_STAGES.toReversed()) lifecycle.onStop(stage, 'part', tells(stage));
    await settled(lifecycle.start());
    const stopped = lifecycle.shutdown('SIGTERM');
    expect(lifecycle.draining).toBe(true);
    await jest.advanceTimersByTimeAsync(NOT_READY_DELAY_MS - 1);
    expect(told()).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await expect(settled(stopped)).resolves.toEqual({ ok: true, failed: [] });
    expect(told()).toEqual(['drain', 'consumers', 'relay', 'stores']);
  });

  it.each(
    STOP_STAGES.map((stage, index) => [stage, STOP_STAGES.slice(0, index), STOP_STAGES.slice(index + 1)] as const),
  )('waits for %s before any later stage begins', async (stage, before, after) => {
    const slow = gate();
    for (const each of STOP_STAGES) lifecycle.onStop(each, 'quick', tells(each));
    lifecycle.onStop(stage, 'slow', slow.run);
    const stopped = lifecycle.shutdown('test');
    await jest.advanceTimersByTimeAsync(DRAIN_TIMEOUT_MS - 1);
    expect(told()).toEqual([...before, stage]);
    slow.open();
    await settled(stopped);
    expect(told()).toEqual([...before, stage, ...after]);
  });

  it.each(STOP_STAGES)('goes on after a hook of %s failed or hung, and names both', async (stage) => {
    lifecycle.onStop(stage, 'broken', fails('broken pipe'));
    lifecycle.onStop(stage, 'stuck', never);
    lifecycle.onStop(stage, 'thrower', () => {
      throw new Error('at once');
    });
    for (const each of STOP_STAGES) lifecycle.onStop(each, 'good', tells(each));
    const stopped = lifecycle.shutdown('test');
    await jest.advanceTimersByTimeAsync(DRAIN_TIMEOUT_MS);
    await expect(settled(stopped)).resolves.toEqual({
      ok: false,
      failed: [`${stage}/broken`, `${stage}/stuck`, `${stage}/thrower`],
    });
    expect(told().filter((line) => !line.startsWith('error: '))).toEqual([...STOP_STAGES]);
    expect(told().filter((line) => line.startsWith('error: '))).toEqual([
      'error: stop failed',
      'error: stop took too long',
      'error: stop failed',
    ]);
  });

  it('bounds each stage by itself, so that four stuck stages take four timeouts and no longer', async () => {
    for (const stage of STOP_STAGES) lifecycle.onStop(stage, 'stuck', never);
    const stopped = lifecycle.shutdown('test');
    await jest.advanceTimersByTimeAsync(4 * DRAIN_TIMEOUT_MS - 1);
    await expect(settled(stopped)).rejects.toThrow('still pending');
    await jest.advanceTimersByTimeAsync(1);
    expect((await settled(stopped)).failed).toEqual(STOP_STAGES.map((stage) => `${stage}/stuck`));
  });

  it('runs the hooks of one stage at the same time', async () => {
    const [http, grpc] = [gate(), gate()];
    lifecycle.onStop('drain', 'http', http.run);
    lifecycle.onStop('drain', 'grpc', async () => {
      http.open();
      await grpc.run();
    });
    const stopped = lifecycle.shutdown('test');
    await settle();
    grpc.open();
    await expect(settled(stopped)).resolves.toEqual({ ok: true, failed: [] });
  });

  it('takes hooks until their stage begins', async () => {
    lifecycle.onStop('drain', 'http', async () => {
      await Promise.resolve();
      lifecycle.onStop('stores', 'late pool', tells('late pool'));
    });
    await settled(lifecycle.shutdown('test'));
    expect(told()).toEqual(['late pool']);
  });

  it('happens once, however often it is asked for', async () => {
    lifecycle.onStop('stores', 'pool', tells('pool'));
    const first = lifecycle.shutdown('one');
    expect(lifecycle.shutdown('two')).toBe(first);
    await settled(first);
    expect(told()).toEqual(['pool']);
  });

  it('does not pause when nobody was ever sent here', async () => {
    await expect(settled(lifecycle.shutdown('test'))).resolves.toEqual({ ok: true, failed: [] });
  });

  it('aborts the signal at its beginning, before the pause', async () => {
    await settled(lifecycle.start());
    expect(lifecycle.signal.aborted).toBe(false);
    void lifecycle.shutdown('SIGTERM');
    expect(lifecycle.signal.aborted).toBe(true);
    expect(lifecycle.signal.reason).toEqual(new Error('shutting down: SIGTERM'));
  });

  it('leaves no timer behind', async () => {
    lifecycle.readinessCheck('database', tells('checked'));
    for (const stage of STOP_STAGES) lifecycle.onStop(stage, 'part', tells(stage));
    await settled(lifecycle.start());
    await settled(lifecycle.ready());
    const stopped = lifecycle.shutdown('test');
    await jest.advanceTimersByTimeAsync(NOT_READY_DELAY_MS);
    await settled(stopped);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('signals', () => {
  class FakeProcess extends EventEmitter {
    readonly exits: number[] = [];
    exit(code: number): void {
      this.exits.push(code);
    }
  }

  it.each(['SIGTERM', 'SIGINT'])('%s shuts down in order and exits with 0', async (signal) => {
    const source = new FakeProcess();
    lifecycle.installSignalHandlers(source);
    lifecycle.onStop('stores', 'pool', tells('pool'));
    await settled(lifecycle.start());
    source.emit(signal);
    await jest.advanceTimersByTimeAsync(NOT_READY_DELAY_MS - 1);
    expect(source.exits).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await settle();
    expect(told()).toEqual(['pool']);
    expect(source.exits).toEqual([0]);
  });

  it('exit with 1 when something did not stop', async () => {
    const source = new FakeProcess();
    lifecycle.installSignalHandlers(source);
    lifecycle.onStop('stores', 'pool', fails('broken pipe'));
    source.emit('SIGTERM');
    await settle();
    expect(source.exits).toEqual([1]);
  });

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
  ])('%s and then %s exit at once with 1', async (first, second) => {
    const source = new FakeProcess();
    lifecycle.installSignalHandlers(source);
    lifecycle.onStop('drain', 'stuck', never);
    source.emit(first);
    await settle();
    expect(source.exits).toEqual([]);
    source.emit(second);
    expect(source.exits).toEqual([1]);
  });

  it('are both heard, and no other', () => {
    const source = new FakeProcess();
    lifecycle.installSignalHandlers(source);
    expect(source.eventNames()).toEqual(['SIGTERM', 'SIGINT']);
  });
});

describe('liveness', () => {
  it.each([
    [undefined, 60_000, true],
    [undefined, 60_001, false],
    [1_000, 1_000, true],
    [1_000, 1_001, false],
  ])('with a longest silence of %s is after %i ms of silence: %s', (maxSilenceMs, silenceMs, ok) => {
    lifecycle.heartbeat('relay', maxSilenceMs === undefined ? {} : { maxSilenceMs });
    nowMs += silenceMs;
    expect(lifecycle.live()).toEqual({ ok, failed: ok ? [] : ['relay'] });
  });

  it('is green again when a silent loop beats', () => {
    const heartbeat = lifecycle.heartbeat('relay');
    nowMs += 61_000;
    expect(lifecycle.live().ok).toBe(false);
    heartbeat.beat();
    expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
    nowMs += 61_000;
    expect(lifecycle.live().ok).toBe(false);
  });

  it('stays red when a loop died, even if it still beats, and says so in the log', () => {
    const heartbeat = lifecycle.heartbeat('consumer');
    heartbeat.fail(new Error('crashed'));
    heartbeat.beat();
    expect(lifecycle.live()).toEqual({ ok: false, failed: ['consumer'] });
    expect(told()).toEqual(['error: loop died']);
  });

  it('forgets a loop that stopped on purpose, dead or alive', () => {
    const silent = lifecycle.heartbeat('silent');
    const dead = lifecycle.heartbeat('dead');
    dead.fail(new Error('crashed'));
    nowMs += 61_000;
    expect(lifecycle.live().failed).toEqual(['silent', 'dead']);
    silent.stop();
    dead.stop();
    expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
  });

  it('tells two loops of one name apart', () => {
    const first = lifecycle.heartbeat('writer');
    lifecycle.heartbeat('writer');
    nowMs += 61_000;
    first.beat();
    expect(lifecycle.live().failed).toEqual(['writer']);
  });

  it('is green while draining, when loops end', () => {
    lifecycle.heartbeat('relay').fail(new Error('stopped by the drain'));
    void lifecycle.shutdown('test');
    expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
  });

  it('does not ask the stores', async () => {
    lifecycle.readinessCheck('database', fails('no database'));
    await settled(lifecycle.start());
    expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
  });
});

describe('readiness', () => {
  it('is red before and during the start, green after it, red from the beginning of a shutdown', async () => {
    const slow = gate();
    lifecycle.onStart('slow', slow.run);
    await expect(lifecycle.ready()).resolves.toEqual({ ok: false, failed: ['starting'] });
    const started = lifecycle.start();
    await expect(lifecycle.ready()).resolves.toEqual({ ok: false, failed: ['starting'] });
    slow.open();
    await settled(started);
    await expect(lifecycle.ready()).resolves.toEqual({ ok: true, failed: [] });
    void lifecycle.shutdown('test');
    await expect(lifecycle.ready()).resolves.toEqual({ ok: false, failed: ['draining'] });
  });

  it('names the checks that fail, and only those', async () => {
    lifecycle.readinessCheck('database', fails('no database'));
    lifecycle.readinessCheck('redis', tells('redis'));
    lifecycle.readinessCheck('schema', () => {
      throw new Error('at once');
    });
    await settled(lifecycle.start());
    await expect(settled(lifecycle.ready())).resolves.toEqual({ ok: false, failed: ['database', 'schema'] });
  });

  it('asks again every time', async () => {
    let reachable = false;
    lifecycle.readinessCheck('database', () => (reachable ? Promise.resolve() : Promise.reject(new Error('away'))));
    await settled(lifecycle.start());
    expect((await settled(lifecycle.ready())).ok).toBe(false);
    reachable = true;
    expect((await settled(lifecycle.ready())).ok).toBe(true);
  });

  it('waits two seconds for a check that hangs, and does not pile up more of it', async () => {
    const hanging = gate();
    const asked = jest.fn(hanging.run);
    lifecycle.readinessCheck('database', asked);
    await settled(lifecycle.start());
    for (let probe = 0; probe < 3; probe += 1) {
      const ready = lifecycle.ready();
      await jest.advanceTimersByTimeAsync(1_999);
      await expect(settled(ready)).rejects.toThrow('still pending');
      await jest.advanceTimersByTimeAsync(1);
      await expect(settled(ready)).resolves.toEqual({ ok: false, failed: ['database'] });
    }
    expect(asked).toHaveBeenCalledTimes(1);
    hanging.open();
    await settle();
    expect((await settled(lifecycle.ready())).ok).toBe(true);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('is red when the shutdown began while its checks ran', async () => {
    const slow = gate();
    lifecycle.readinessCheck('database', slow.run);
    await settled(lifecycle.start());
    const ready = lifecycle.ready();
    void lifecycle.shutdown('test');
    slow.open();
    await expect(settled(ready)).resolves.toEqual({ ok: false, failed: ['draining'] });
  });
});
