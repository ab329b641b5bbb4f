import { Readable } from 'node:stream';

/**
 * One attempt's view of a request's body. It leaves the body alone until it is read itself, which happens once there is a
 * connection: an attempt that found none has lost nothing, and the next can send the body whole.
 */
export class BodyReading extends Readable {
  readonly #body: Readable;
  #begun = false;

  constructor(body: Readable) {
    super();
    this.#body = body;
  }

  /** Whether any of it may have been sent. */
  get begun(): boolean {
    return this.#begun;
  }

  override _read(): void {
    if (this.#begun) {
      this.#body.resume();
      return;
    }
    this.#begun = true;
    const body = this.#body;
    // It may have turned out too large while the connection was being made.
    if (body.errored !== null || body.destroyed) {
      this.destroy(body.errored ?? new Error('the body is gone'));
      return;
    }
    body.on('data', (chunk) => {
      if (!this.push(chunk)) body.pause();
    });
    body.once('end', () => this.push(null));
    body.once('error', (error) => this.destroy(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#begun) this.#body.destroy(error ?? undefined);
    done(error);
  }
}
