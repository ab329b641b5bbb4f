import { Client, Metadata } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { clientOptions, targetOf } from './channel-options.js';
import { channelCredentialsOf } from './tls.js';
import type { GrpcTls } from './tls.js';

const DEFAULT_DEADLINE_MS = 1_000;

/** Asks another process for its health by grpc.health.v1; needs no credentials. */
export class GrpcHealthClient {
  readonly #client: Client;

  /** `address`: `host:port`. Without `tls` in plain text. */
  constructor(address: string, tls?: Pick<GrpcTls, 'certificates'>) {
    this.#client = new Client(targetOf(address), channelCredentialsOf(tls), clientOptions([]));
  }

  /**
   * Whether the server, or one service of it (`package.Service`), says SERVING within the time. Not reachable, too
   * slow, unknown: all of these are no; it never rejects.
   */
  isServing(service = '', deadlineMs = DEFAULT_DEADLINE_MS): Promise<boolean> {
    const check = healthService['Check'];
    if (check === undefined) throw new Error('grpc-health-check has no Check');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#client.makeUnaryRequest(
      check.path,
      check.requestSerialize,
      (bytes: Buffer): unknown => check.responseDeserialize(bytes),
      { service },
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, response) => resolve(error === null && isServingAnswer(response)),
    );
    return promise;
  }

  close(): void {
    this.#client.close();
  }
}

function isServingAnswer(response: unknown): boolean {
  return typeof response === 'object' && response !== null && 'status' in response && response.status === 'SERVING';
}
