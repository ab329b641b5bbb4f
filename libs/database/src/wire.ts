import type { Duplex } from 'node:stream';
import type { PoolClient } from 'pg';

/** What the driver's types leave out of a client. */
interface Wired {
  readonly readyForQuery: boolean;
  readonly connection: { readonly stream: Duplex; on(event: 'readyForQuery', heard: () => void): void };
}

/** The connection behind a client. */
export class Wire {
  readonly #client: Wired;

  constructor(client: PoolClient) {
    this.#client = client as unknown as Wired;
  }

  /** False while a statement is to be answered. */
  get isIdle(): boolean {
    return this.#client.readyForQuery;
  }

  /** After each statement, also of those that were sent together. */
  onAnswered(heard: () => void): void {
    this.#client.connection.on('readyForQuery', heard);
  }

  /** Whoever waits for an answer is told `error`. */
  destroy(error: Error): void {
    this.#client.connection.stream.destroy(error);
  }

  /** What is sent before the running code ends leaves in one write: one call of the kernel, one time to wake the server. */
  gather(): void {
    const { stream } = this.#client.connection;
    stream.cork();
    queueMicrotask(() => stream.uncork());
  }
}
