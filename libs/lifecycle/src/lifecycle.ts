import { setMaxListeners } from 'node:events';
import { bounded, delay, outcomeOf, type Outcome, within } from './bounded.js';
import { type Clock, monotonicClock } from './clock.js';
import { type Heartbeat, type HeartbeatOptions, Heartbeats } from './heartbeats.js';

/** The part of a pino logger that is used here. */
export interface LifecycleLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The part of `process` that signals need; tests hand in their own. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

export interface LifecycleOptions {
  logger: LifecycleLogger;
  /** Pause between "not ready" and draining, for load balancers to notice. */
  notReadyDelayMs: number;
  /** Bound of each stop stage; what is late is left behind. */
  drainTimeoutMs: number;
  /** Measures the silence of loops. Default: a monotonic clock. */
  clock?: Clock;
}

/**
 * Stages of a shutdown, in this order: stop taking requests and finish those in hand (HTTP and gRPC), stop consuming,
 * let the relay finish its batch, close what the others stood on.
 */
export const STOP_STAGES = ['drain', 'consumers', 'relay', 'stores'] as const;
export type StopStage = (typeof STOP_STAGES)[number];

/** `failed` names what is not well, for people; `ok` is what the status code says. */
export interface Health {
  ok: boolean;
  failed: string[];
}

type Hook = () => Promise<void>;
type State = 'new' | 'starting' | 'started' | 'draining';

interface Check {
  readonly name: string;
  readonly run: Hook;
  /** A check that hangs is not started again on top of itself. */
  inFlight?: Promise<Outcome> | undefined;
}

const READINESS_TIMEOUT_MS = 2_000;

/**
 * Start and stop of one process in order, and the answers to its two probes. Liveness asks only whether the loops run;
 * readiness whether requests can be served. Nothing here knows HTTP, gRPC or a store: they register themselves.
 */
export class Lifecycle {
  readonly #logger: LifecycleLogger;
  readonly #notReadyDelayMs: number;
  readonly #drainTimeoutMs: number;
  readonly #heartbeats: Heartbeats;
  readonly #startHooks: { name: string; run: Hook }[] = [];
  readonly #stopHooks: { stage: StopStage; name: string; run: Hook }[] = [];
  readonly #checks: Check[] = [];
  readonly #abort = new AbortController();
  #state: State = 'new';
  #runningStartHook: Promise<Outcome> | undefined;
  #shutdown: Promise<Health> | undefined;

  constructor({ logger, notReadyDelayMs, drainTimeoutMs, clock = monotonicClock }: LifecycleOptions) {
    this.#logger = logger;
    this.#notReadyDelayMs = notReadyDelayMs;
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#heartbeats = new Heartbeats(clock, (name, error) => {
      logger.error({ loop: name, err: error }, 'loop died');
    });
    // Every loop of a service may listen; ten is no sign of a leak here.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Registers what `start` runs, one after the other in the order of registration. */
  onStart(name: string, run: Hook): void {
    if (this.#state !== 'new') throw new Error(`onStart('${name}') came after start()`);
    this.#startHooks.push({ name, run });
  }

  /**
   * Registers what a shutdown runs in this stage. Hooks of one stage run at the same time. May be called until the
   * stage has begun.
   */
  onStop(stage: StopStage, name: string, run: Hook): void {
    this.#stopHooks.push({ stage, name, run });
  }

  /** Watches a loop: it must beat at least every `maxSilenceMs`, also while its store is away. */
  heartbeat(name: string, options: HeartbeatOptions = {}): Heartbeat {
    return this.#heartbeats.watch(name, options);
  }

  /** Registers a check of `ready`: it rejects when requests cannot be served, and is given two seconds. */
  readinessCheck(name: string, run: Hook): void {
    this.#checks.push({ name, run });
  }

  /**
   * Whether the process should go on living. Red when a loop died or fell silent, never because a store is away. Green
   * while draining: loops end then, and the drain has its own bounds.
   */
  live(): Health {
    return healthOf(this.draining ? [] : this.#heartbeats.failed());
  }

  /** Whether requests should be sent here: started, not draining, and every readiness check passes. */
  async ready(): Promise<Health> {
    if (this.#state === 'draining') return healthOf(['draining']);
    if (this.#state !== 'started') return healthOf(['starting']);
    const outcomes = await Promise.all(
      this.#checks.map(async (check) => ({ name: check.name, outcome: await runCheck(check) })),
    );
    // A shutdown may have begun while the checks ran.
    if (this.draining) return healthOf(['draining']);
    return healthOf(outcomes.filter(({ outcome }) => outcome.kind !== 'done').map(({ name }) => name));
  }

  /** True from the moment a shutdown begins. */
  get draining(): boolean {
    return this.#state === 'draining';
  }

  /** Aborts when a shutdown begins: for loops that wait for work. Work in hand is finished, not aborted. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Runs the start hooks in order. When one fails, what was started is shut down and its error thrown. A shutdown that
   * begins meanwhile lets the running hook finish and skips the rest; `start` then returns once everything has stopped.
   */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error(`start() was called while ${this.#state}`);
    this.#state = 'starting';
    for (const { name, run } of this.#startHooks) {
      if (this.#shutdown !== undefined) break;
      this.#logger.info({ hook: name }, 'starting');
      this.#runningStartHook = outcomeOf(run);
      const outcome = await this.#runningStartHook;
      if (outcome.kind !== 'failed') continue;
      this.#logger.error({ hook: name, err: outcome.error }, 'start failed');
      await this.shutdown(`start of ${name} failed`);
      throw outcome.error;
    }
    if (this.#shutdown !== undefined) await this.#shutdown;
    else this.#state = 'started';
  }

  /**
   * Not ready → pause → drain → consumers → relay → stores. Each stage is bounded by `drainTimeoutMs`; a hook that
   * fails or is late is named in the answer and does not keep later stages from running. Never rejects; further calls
   * get the first one's answer.
   */
  shutdown(reason: string): Promise<Health> {
    this.#shutdown ??= this.#stopInOrder(reason);
    return this.#shutdown;
  }

  /**
   * Shuts down on SIGTERM and SIGINT and then exits: 0, or 1 when a stop hook failed or was late. A second signal
   * exits at once with 1, for people who will not wait.
   */
  installSignalHandlers(source: SignalSource = process): void {
    let received = 0;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      source.on(signal, () => {
        received += 1;
        if (received > 1) source.exit(1);
        else void this.shutdown(signal).then(({ ok }) => source.exit(ok ? 0 : 1));
      });
    }
  }

  async #stopInOrder(reason: string): Promise<Health> {
    const wasReady = this.#state === 'started';
    this.#state = 'draining';
    this.#logger.info({ reason }, 'shutting down');
    this.#abort.abort(new Error(`shutting down: ${reason}`));
    // A start hook in flight finishes first, so that nothing is opened behind the back of the stop hooks.
    if (this.#runningStartHook !== undefined) await within(this.#runningStartHook, this.#drainTimeoutMs);
    // Nobody was sent here before readiness was green, so nobody has to notice its end.
    if (wasReady) await delay(this.#notReadyDelayMs).done;
    const failed: string[] = [];
    for (const stage of STOP_STAGES) failed.push(...(await this.#runStage(stage)));
    this.#logger.info({ reason, failed }, 'shut down');
    return healthOf(failed);
  }

  async #runStage(stage: StopStage): Promise<string[]> {
    const hooks = this.#stopHooks.filter((hook) => hook.stage === stage);
    const outcomes = await Promise.all(
      hooks.map(async ({ name, run }) => ({ name, outcome: await bounded(run, this.#drainTimeoutMs) })),
    );
    const failed = outcomes.filter(({ outcome }) => outcome.kind !== 'done');
    for (const { name, outcome } of failed) {
      if (outcome.kind === 'failed') this.#logger.error({ stage, hook: name, err: outcome.error }, 'stop failed');
      else this.#logger.error({ stage, hook: name, timeoutMs: this.#drainTimeoutMs }, 'stop took too long');
    }
    return failed.map(({ name }) => `${stage}/${name}`);
  }
}

function runCheck(check: Check): Promise<Outcome> {
  check.inFlight ??= outcomeOf(check.run).finally(() => {
    check.inFlight = undefined;
  });
  return within(check.inFlight, READINESS_TIMEOUT_MS);
}

function healthOf(failed: string[]): Health {
  return { ok: failed.length === 0, failed };
}
