// The client of ledger.bench.ts, in a process of its own: it sends GETs at fixed moments, whatever has been answered, and
// times each from the moment it was due. Told what to read by a message, it answers with the times and ends; a lost
// connection ends it at once. Sockets are read and written by hand, so that the client takes little of the machine.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What to read, and how often. */
export interface PacedReads {
  readonly url: string;
  /** Authorization headers of who reads, taken in turn. */
  readonly tokens: readonly string[];
  readonly perSecond: number;
  /** How long reads are sent before the first that counts. */
  readonly warmSeconds: number;
  readonly seconds: number;
}

export interface ReadTimes {
  /** From the moment a read was due to the end of its answer, in milliseconds; of those that counted, in the order of their answers. */
  readonly times: readonly number[];
  /** Answered with another status than 200, warming up included. */
  readonly failed: number;
}

const SOCKETS = 128;
/** All sockets are connected by then. */
const CONNECTED_MS = 500;
/** A prime: every token has its turn, and neighbours in the list have theirs far apart. */
const STRIDE = 7_919;

/** A connection that carries one read at a time. */
class Line {
  readonly #socket: Socket;
  readonly #head: string;
  #text = '';
  #closed = false;
  #ended: ((ok: boolean) => void) | undefined;

  constructor({ hostname, port, pathname, host }: URL) {
    this.#head = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: `;
    this.#socket = connect(Number(port), hostname).setEncoding('latin1').setNoDelay(true);
    this.#socket.on('data', (part: string) => this.#take(part));
    this.#socket.on('close', () => {
      if (!this.#closed) throw new Error('a connection to the service is lost');
    });
  }

  /** Sends a read; `ended` is told once whether it was answered with 200. */
  send(token: string, ended: (ok: boolean) => void): void {
    this.#ended = ended;
    this.#socket.write(`${this.#head}${token}\r\n\r\n`);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #take(part: string): void {
    this.#text += part;
    const head = this.#text.indexOf('\r\n\r\n');
    const length = Number(/content-length: ([0-9]+)/i.exec(this.#text)?.[1]);
    if (head < 0 || this.#text.length < head + 4 + length) return;
    const ok = this.#text.startsWith('HTTP/1.1 200');
    this.#text = '';
    this.#ended?.(ok);
  }
}

/** Resolves when every read is answered; a read that finds no line free waits for one, and its time runs meanwhile. */
function read({ url, tokens, perSecond, warmSeconds, seconds }: PacedReads): Promise<ReadTimes> {
  const lines = Array.from({ length: SOCKETS }, () => new Line(new URL(url)));
  const free = [...lines];
  const waiting: number[] = [];
  const times: number[] = [];
  const total = perSecond * (warmSeconds + seconds);
  const startAt = performance.now() + CONNECTED_MS;
  const dueAt = (n: number) => startAt + (n * 1_000) / perSecond;
  let sent = 0;
  let ended = 0;
  let failed = 0;
  return new Promise((resolve) => {
    const send = (line: Line, n: number): void =>
      line.send(tokens[(n * STRIDE) % tokens.length] ?? '', (ok) => {
        ended += 1;
        if (!ok) failed += 1;
        if (n >= perSecond * warmSeconds) times.push(performance.now() - dueAt(n));
        const next = waiting.shift();
        if (next !== undefined) send(line, next);
        else free.push(line);
        if (ended < total) return;
        for (const each of lines) each.close();
        resolve({ times, failed });
      });
    const timer = setInterval(() => {
      for (; sent < total && performance.now() >= dueAt(sent); sent += 1) {
        const line = free.pop();
        if (line === undefined) waiting.push(sent);
        else send(line, sent);
      }
      if (sent === total) clearInterval(timer);
    }, 1);
  });
}

const [reads] = (await once(process, 'message')) as [PacedReads];
process.send?.(await read(reads), () => process.disconnect());
