import { DomainError } from '@dailydoco/errors';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { hooksOf } from './routes.js';

/** Methods that change nothing by their definition (RFC 9110, 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * While `isReadOnly` says so, every request that could change something is told READ_ONLY before it is looked at; reads
 * are answered as ever. For every route registered from now on.
 */
export function refuseChanges(fastify: FastifyInstance, isReadOnly: () => boolean): void {
  const refuse: onRequestHookHandler = ({ method }, _reply, done) => {
    done(SAFE.has(method) || !isReadOnly() ? undefined : new DomainError('READ_ONLY'));
  };
  fastify.addHook('onRoute', (route) => {
    const present = hooksOf(route.onRequest);
    if (!present.includes(refuse)) route.onRequest = [refuse, ...present];
  });
}
