import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isNativeError } from 'node:util/types';
import { Agent, buildConnector, request } from 'undici';
import { hostOf, isPortAllowed, isReachable, type TargetRules } from './target.js';

/** How an attempt ended. `refused`: any status that is none of the others. */
export type Outcome = 'delivered' | 'refused' | 'redirected' | 'gone' | 'timed_out' | 'unreachable' | 'blocked';

export interface Sent {
  readonly outcome: Outcome;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** The first KiB of the answer, or why there was none. */
  readonly answer: string;
  readonly durationMs: number;
  /** What the receiver asked for by the header of this name when it refused. */
  readonly retryAfter?: string | undefined;
}

export interface SenderOptions {
  readonly rules: TargetRules;
  readonly timeoutMs: number;
  /** Most connections to one receiver. */
  readonly connections: number;
  /** For specs that say what names stand for. Default: the system's. */
  readonly resolve?: Resolve;
}

type Resolve = (host: string, told: (error: Error | null, addresses: LookupAddress[]) => void) => void;

const ANSWER_BYTES = 1_024;
/** What counts is the status; nobody waits long for the words after it. */
const ANSWER_WAIT_MS = 2_000;
const HEADER_BYTES = 16_384;

class Blocked extends Error {}

/**
 * Posts messages. The address is judged when the connection is made, after the name was looked up, and the connection
 * goes to the very address that was judged: a name that changes in between leads nowhere else. Redirects are not
 * followed; a proxy of the environment is not used.
 */
export class Sender {
  readonly #timeoutMs: number;
  readonly #agent: Agent;

  constructor(options: SenderOptions) {
    this.#timeoutMs = options.timeoutMs;
    this.#agent = new Agent({
      connect: guardedConnector(options),
      connections: options.connections,
      maxHeaderSize: HEADER_BYTES,
      pipelining: 1,
    });
  }

  /** Never throws: whatever happens is an outcome. */
  async post(url: string, message: { headers: Record<string, string>; body: string }): Promise<Sent> {
    const startedAtMs = performance.now();
    const ended = (outcome: Outcome, status: number | undefined, answer: string): Sent => ({
      outcome,
      status,
      answer: storable(answer),
      durationMs: Math.round(performance.now() - startedAtMs),
    });
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    try {
      const { statusCode, headers, body } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'DailyDoco-Webhooks/1', ...message.headers },
        body: message.body,
        dispatcher: this.#agent,
        headersTimeout: this.#timeoutMs,
        bodyTimeout: ANSWER_WAIT_MS,
        signal: deadline,
      });
      const sent = ended(outcomeOf(statusCode), statusCode, await firstWords(body));
      const retryAfter = headers['retry-after'];
      return sent.outcome === 'refused' && typeof retryAfter === 'string' ? { ...sent, retryAfter } : sent;
    } catch (error) {
      const blocked = causesOf(error).find((cause) => cause instanceof Blocked);
      if (blocked !== undefined) return ended('blocked', undefined, blocked.message);
      return deadline.aborted || isTimeout(error)
        ? ended('timed_out', undefined, 'no answer in time')
        : ended('unreachable', undefined, causesOf(error).map(textOf).join(': '));
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'delivered';
  if (status >= 300 && status < 400) return 'redirected';
  return status === 410 ? 'gone' : 'refused';
}

/** The first KiB, or what of it came in time; the rest is not read, and its connection is closed. */
async function firstWords(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown; on(name: 'error', told: () => void): unknown },
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  body.on('error', () => undefined);
  const late = setTimeout(() => body.destroy(), ANSWER_WAIT_MS);
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ANSWER_BYTES) break;
    }
  } catch {
    // What came before it broke off is still worth keeping.
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString('utf8');
}

/** As Postgres can keep it. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD').slice(0, ANSWER_BYTES);
}

function guardedConnector({ rules, timeoutMs, resolve = lookUpAll }: SenderOptions): buildConnector.connector {
  return (options, callback) => {
    const port = options.port === '' ? (options.protocol === 'http:' ? 80 : 443) : Number(options.port);
    const host = hostOf({ hostname: options.hostname });
    const judge = (address: string): boolean =>
      isReachable(address, rules.networks) && isPortAllowed(address, port, rules);
    // A literal address is never looked up.
    if (isIP(host) !== 0 && !judge(host)) {
      callback(new Blocked(`${host} port ${port} may not be reached`), null);
      return;
    }
    buildConnector({ timeout: timeoutMs, lookup: judgedLookup(resolve, judge), allowH2: false })(options, callback);
  };
}

/** Looks a name up and hands on only the addresses that may be reached. */
function judgedLookup(resolve: Resolve, judge: (address: string) => boolean): LookupFunction {
  return (host, { all }, callback) => {
    resolve(host, (error, addresses) => {
      const allowed = addresses.filter(({ address }) => judge(address));
      const [first] = allowed;
      if (error !== null) callback(error, '');
      else if (first === undefined) callback(new Blocked(`${host} leads to no address that may be reached`), '');
      else if (all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

const lookUpAll: Resolve = (host, told) =>
  lookUp(host, { all: true }, (error, addresses) => told(error, addresses ?? []));

function causesOf(error: unknown): Error[] {
  if (!isNativeError(error)) return [];
  const inner: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [error.cause];
  return [error, ...inner.flatMap(causesOf)];
}

function isTimeout(error: unknown): boolean {
  return causesOf(error).some((cause) => cause.name.endsWith('TimeoutError'));
}

function textOf(error: Error): string {
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
