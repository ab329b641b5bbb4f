import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { FaultyLine, type NetworkFault, seededRandom } from './faulty-line.js';

/** When a connection is cut at a chunk from the client: before the server sees it, or after, before the answer is passed on. */
export type Cut = 'before' | 'after';

export interface TcpProxyOptions {
  /** Where connections are passed on to. */
  readonly host: string;
  readonly port: number;
  /** Port to listen on; default a free one. */
  readonly listenPort?: number;
  /** Decides jitter and losses: the same seed, the same network. Default 1. */
  readonly seed?: number;
}

export interface TcpProxy {
  readonly port: number;
  /** Connections open at the moment, and all that there ever were. */
  readonly connections: { readonly open: number; readonly total: number };
  /** Decides for each chunk that a client sends; undefined passes it on. */
  cutAt(decide: (chunk: Buffer) => Cut | undefined): void;
  /** The network is like this from now on, for open connections and new ones; it replaces what was before. */
  suffer(fault: NetworkFault): void;
  /** The network is sound again. What a stall held back arrives; connections torn by a partition are reset. */
  heal(): void;
  /** Resets every open connection; new ones are welcome. */
  reset(): void;
  close(): Promise<void>;
}

const SOUND: NetworkFault = {};

/** A proxy on the loopback address that fails as networks do: it delays, loses, stalls, parts, resets, cuts. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const { host, port, listenPort = 0, seed = 1 } = options;
  const random = seededRandom(seed);
  const links = new Set<Link>();
  let fault = SOUND;
  let total = 0;
  let decide: (chunk: Buffer) => Cut | undefined = () => undefined;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    total += 1;
    const link = new Link({
      client,
      dial: () => connect({ host, port, allowHalfOpen: true }),
      fault: () => fault,
      decide: (chunk) => decide(chunk),
      random,
      onEnd: () => links.delete(link),
    });
    links.add(link);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenPort, '127.0.0.1', resolve);
  });
  const suffer = (next: NetworkFault): void => {
    fault = next;
    for (const link of links) link.faultChanged();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return { open: links.size, total };
    },
    cutAt: (decision) => {
      decide = decision;
    },
    suffer,
    heal: () => suffer(SOUND),
    reset: () => {
      for (const link of links) link.reset();
    },
    close: () => {
      for (const link of links) link.reset();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface LinkParts {
  readonly client: Socket;
  readonly dial: () => Socket;
  readonly fault: () => NetworkFault;
  readonly decide: (chunk: Buffer) => Cut | undefined;
  readonly random: () => number;
  readonly onEnd: () => void;
}

/** One proxied connection. */
class Link {
  readonly #parts: LinkParts;
  #server: Socket | undefined;
  #lines: readonly FaultyLine[] = [];
  #cut: Cut | undefined;
  /** Bytes, or the news of an end, were lost in a partition: the connection cannot go on. */
  #torn = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    const { client, fault } = parts;
    client.on('error', () => this.#lost());
    client.on('close', () => this.#lost());
    if (fault().partitioned === true) {
      this.#torn = true;
      client.resume();
    } else {
      this.#connect();
    }
  }

  faultChanged(): void {
    if (this.#parts.fault().partitioned === true) return;
    if (this.#torn) this.reset();
    else for (const line of this.#lines) line.deliver();
  }

  reset(): void {
    const { client, onEnd } = this.#parts;
    for (const line of this.#lines) line.close();
    for (const socket of [client, this.#server]) {
      // A client whose connection is not there yet cannot be reset.
      if (socket?.destroyed === false) socket.resetAndDestroy();
    }
    onEnd();
  }

  #connect(): void {
    const { client, dial, fault, random } = this.#parts;
    const server = dial();
    this.#server = server;
    client.setNoDelay();
    server.setNoDelay();
    const only = (direction: 'toServer' | 'toClient') => (): NetworkFault =>
      (fault().direction ?? direction) === direction || fault().direction === 'both' ? fault() : SOUND;
    const toServer = new FaultyLine(client, server, only('toServer'), random);
    const toClient = new FaultyLine(server, client, only('toClient'), random);
    this.#lines = [toServer, toClient];
    server.on('error', () => this.#lost());
    server.on('close', () => this.#lost());
    client.on('data', (chunk) => this.#fromClient(chunk, toServer));
    server.on('data', (chunk) => {
      // The server has done what it was asked once it answers; the answer is lost.
      if (this.#cut === 'after') this.reset();
      else this.#pass(chunk, toClient);
    });
    client.on('end', () => this.#pass(undefined, toServer));
    server.on('end', () => this.#pass(undefined, toClient));
  }

  #fromClient(chunk: Buffer, line: FaultyLine): void {
    this.#cut ??= this.#parts.decide(chunk);
    if (this.#cut === 'before') this.reset();
    else this.#pass(chunk, line);
  }

  #pass(chunk: Buffer | undefined, line: FaultyLine): void {
    if (this.#parts.fault().partitioned === true) this.#torn = true;
    else line.take(chunk);
  }

  /** A side is gone. In a partition the other does not hear of it. */
  #lost(): void {
    const { client, fault } = this.#parts;
    const server = this.#server;
    if (client.destroyed && (server === undefined || server.destroyed)) this.#parts.onEnd();
    else if (fault().partitioned === true) this.#torn = true;
    else if (!endedWell(client) || (server !== undefined && !endedWell(server))) this.reset();
  }
}

/** A socket that was read to its end; what it sent may still be on the way to the other side. */
function endedWell(socket: Socket): boolean {
  return !socket.destroyed || (socket.readableEnded && socket.writableFinished);
}
