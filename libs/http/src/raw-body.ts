import { Readable } from 'node:stream';
import { DomainError } from '@dailydoco/errors';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body byte for byte, on the routes where a signature is over these bytes. */
    rawBody?: Uint8Array;
  }
}

const MAX_BYTES = 1_048_576;

/**
 * Keeps the bytes of the body beside what is parsed of them, for every route whose path begins so: a signature is over the
 * bytes that were sent, not over what they mean. At most 1 MiB (PAYLOAD_TOO_LARGE).
 */
export function keepRawBody(fastify: FastifyInstance, prefix: string): void {
  fastify.addHook('preParsing', async (request, _reply, payload) => {
    if (request.routeOptions.url?.startsWith(prefix) !== true) return payload;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of payload) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > MAX_BYTES) {
        throw new DomainError('PAYLOAD_TOO_LARGE', { detail: `A body may have ${MAX_BYTES} bytes.` });
      }
      chunks.push(part);
    }
    const body = Buffer.concat(chunks);
    request.rawBody = body;
    // Fastify compares the length that was received with the one that was announced.
    return Object.assign(Readable.from([body]), { receivedEncodedLength: bytes });
  });
}
