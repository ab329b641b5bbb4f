import { DomainError } from '@dailydoco/errors';
import type { FastifyInstance } from 'fastify';

/** Largest file of a bank. A statement of 20,000 entries has about this size. */
export const MAX_FILE_BYTES = 16_777_216;

/** What banks' files come as; which of them a file is, its content tells. */
const MEDIA_TYPES = ['application/xml', 'text/xml', 'text/plain', 'application/octet-stream'];

/** Lets one route, by POST, take files byte for byte and up to MAX_FILE_BYTES. Every other route takes JSON as before. */
export function acceptFiles(fastify: FastifyInstance, path: string): void {
  fastify.addHook('onRoute', (route) => {
    if (route.url === path && [route.method].flat().includes('POST')) route.bodyLimit = MAX_FILE_BYTES;
  });
  fastify.addContentTypeParser<Buffer>(MEDIA_TYPES, { parseAs: 'buffer' }, (request, body, done) => {
    const isHere = request.method === 'POST' && request.routeOptions.url === path;
    if (isHere) done(null, body);
    else done(new DomainError('UNSUPPORTED_MEDIA_TYPE'));
  });
}
