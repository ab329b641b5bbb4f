import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerIdOf, type IdempotencyScope, optionalIdempotencyKey, requireIdempotencyKey } from './idempotency-key.js';
import type { ReplayableAnswer } from './idempotency.store.js';

export type KeyNeed = 'required' | 'optional';

/** Behind `@IdempotencyKey()`; the OpenAPI document recognises the parameter by it. */
export function idempotencyKeyOf(need: KeyNeed | undefined, context: ExecutionContext): string | undefined {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  return need === 'required' ? requireIdempotencyKey(header) : optionalIdempotencyKey(header);
}

const KeyParameter = createParamDecorator(idempotencyKeyOf);

/**
 * The request's Idempotency-Key. `'required'`: missing is IDEMPOTENCY_KEY_REQUIRED. `'optional'` (default): undefined
 * without it. A key that has not 1–255 characters is VALIDATION_FAILED.
 */
export function IdempotencyKey(need: KeyNeed = 'optional'): ParameterDecorator {
  return KeyParameter(need);
}

/**
 * Where the request's key holds: tenant and caller as authenticated, method and path. The tenant is empty when nobody
 * signed in; such a handler fills in the tenant it found otherwise.
 */
export const KeyScope = createParamDecorator((_data: unknown, context: ExecutionContext): IdempotencyScope => {
  const { principal, method, url } = context.switchToHttp().getRequest<FastifyRequest>();
  const [path = ''] = url.split('?', 1);
  return { tenantId: principal?.tenantId ?? '', callerId: callerIdOf(principal), method, path };
});

/**
 * Sets status and `Idempotency-Replayed` of an answer that IdempotencyStore gave, and returns its body for the handler
 * to return. The handler takes the reply by `@Res({ passthrough: true })`.
 */
export function replyWith<Body>(reply: FastifyReply, answer: ReplayableAnswer<Body>): Body {
  reply.code(answer.status);
  if (answer.replayed) reply.header('idempotency-replayed', 'true');
  return answer.body;
}
