import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

/**
 * The id that a request is known by in logs and in `X-Request-Id`: the client's own when it is 1 to 128 visible ASCII
 * characters, else a new one. It is a label, never a key: two requests may carry the same.
 */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && VISIBLE_ASCII.test(given) ? given : randomUUID();
}
