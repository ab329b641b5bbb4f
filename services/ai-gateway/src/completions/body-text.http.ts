import { DomainError } from '@dailydoco/errors';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest, RequestPayload } from 'fastify';

const texts = new WeakMap<FastifyRequest, () => string>();

/**
 * Keeps the text of requests' bodies beside what was parsed of it: parsing loses digits of large numbers, and the
 * request is to reach the provider as it was sent. A body above the limit is refused by the parser that reads along, and
 * is not kept.
 */
export function keepBodyTexts(fastify: FastifyInstance, { limitBytes }: { limitBytes: number }): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    const takesBody = request.routeOptions.config.policy?.takesBody === true;
    if (request.method === 'POST' && takesBody) texts.set(request, collect(payload, limitBytes));
    done(null, payload);
  });
}

/** The parser begins to listen within this tick, and the stream begins to flow after it: both hear everything. */
function collect(payload: RequestPayload, limitBytes: number): () => string {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const keep = (chunk: Buffer | string): void => {
    const buffer = Buffer.from(chunk);
    bytes += buffer.byteLength;
    if (bytes <= limitBytes) chunks.push(buffer);
    else {
      payload.off('data', keep);
      chunks = [];
    }
  };
  payload.on('data', keep);
  return () => Buffer.concat(chunks).toString();
}

/** The body of the request as text. Throws where nobody keeps it, which is an error of the wiring. */
export const BodyText = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const text = texts.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (text === undefined) throw new DomainError('INTERNAL', { cause: new Error('the body was not kept') });
  return text();
});
