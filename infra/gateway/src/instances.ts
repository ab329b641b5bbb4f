import type { Logger } from '@dailydoco/telemetry';

/** The part of an upstream's `healthchecks` that is kept to here. Seconds, and how often in a row. */
export interface HealthRules {
  readonly path: string;
  readonly timeoutSeconds: number;
  readonly intervalSeconds: number;
  readonly httpFailures: number;
  readonly tcpFailures: number;
  readonly timeouts: number;
}

/** What one probe of an instance came to. */
export type ProbeOutcome = 'well' | 'http' | 'tcp' | 'timeout';

/** Failures in a row, by kind; well again with the first good answer. */
export interface InstanceHealth {
  readonly sick: boolean;
  readonly failures: Readonly<Record<Exclude<ProbeOutcome, 'well'>, number>>;
}

export const WELL: InstanceHealth = { sick: false, failures: { http: 0, tcp: 0, timeout: 0 } };

type Checks = {
  active: {
    http_path: string;
    timeout: number;
    unhealthy: { interval: number; http_failures: number; tcp_failures: number; timeouts: number };
  };
};

export function healthRulesOf(healthchecks: Readonly<Record<string, unknown>>): HealthRules {
  const { active } = healthchecks as Checks;
  return {
    path: active.http_path,
    timeoutSeconds: active.timeout,
    intervalSeconds: active.unhealthy.interval,
    httpFailures: active.unhealthy.http_failures,
    tcpFailures: active.unhealthy.tcp_failures,
    timeouts: active.unhealthy.timeouts,
  };
}

/** An instance's health after one more probe. */
export function afterProbe(before: InstanceHealth, outcome: ProbeOutcome, rules: HealthRules): InstanceHealth {
  if (outcome === 'well') return WELL;
  const failures = { ...before.failures, [outcome]: before.failures[outcome] + 1 };
  const sick =
    before.sick ||
    failures.http >= rules.httpFailures ||
    failures.tcp >= rules.tcpFailures ||
    failures.timeout >= rules.timeouts;
  return { sick, failures };
}

/**
 * The instances of one service, each in its turn. Of several the sick ones are left out, as Kong's ring does; when all are, or
 * there is but one, it is asked all the same, and its own answer, or its silence, is what the client gets.
 */
export class Instances {
  readonly #addresses: readonly string[];
  readonly #health = new Map<string, InstanceHealth>();
  readonly #rules: HealthRules;
  readonly #logger: Pick<Logger, 'warn' | 'info'>;
  readonly #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(parts: { addresses: readonly string[]; rules: HealthRules; logger: Pick<Logger, 'warn' | 'info'> }) {
    this.#addresses = parts.addresses;
    this.#rules = parts.rules;
    this.#logger = parts.logger;
    if (parts.addresses.length < 2) return;
    this.#timer = setInterval(() => this.#probeAll(), parts.rules.intervalSeconds * 1_000);
    this.#timer.unref();
  }

  /** Whose turn it is; another than `not` where there is one. */
  next(not?: string): string {
    const others = this.#addresses.filter((address) => address !== not);
    const well = others.filter((address) => this.#health.get(address)?.sick !== true);
    const candidates = well.length > 0 ? well : others.length > 0 ? others : this.#addresses;
    this.#turn += 1;
    return candidates[this.#turn % candidates.length] ?? '';
  }

  /** No connection came about. */
  unreachable(address: string): void {
    if (this.#timer !== undefined) this.#note(address, 'tcp');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #probeAll(): void {
    for (const address of this.#addresses)
      void probe(`http://${address}${this.#rules.path}`, this.#rules).then((outcome) => this.#note(address, outcome));
  }

  #note(address: string, outcome: ProbeOutcome): void {
    const before = this.#health.get(address) ?? WELL;
    const after = afterProbe(before, outcome, this.#rules);
    this.#health.set(address, after);
    if (after.sick && !before.sick) this.#logger.warn({ address, outcome }, 'an instance is left out');
    if (before.sick && !after.sick) this.#logger.info({ address }, 'an instance is back');
  }
}

async function probe(url: string, { timeoutSeconds }: HealthRules): Promise<ProbeOutcome> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1_000) });
    await answer.body?.cancel();
    return answer.status === 200 ? 'well' : 'http';
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'tcp';
  }
}
