import { DomainError } from '@dailydoco/errors';
import type { FastifyInstance } from 'fastify';

/** Arrays and objects in each other, at most. No contract of ours needs a tenth of it; recursive code stays safe. */
const MAX_DEPTH = 64;
const FORBIDDEN_ESCAPE = /(?<!\\)(?:\\\\)*\\u0000/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

type DefaultParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/**
 * Makes `application/json` the only media type that a body may have (others: 415). An absent body stays undefined, so
 * that the schema decides whether it was needed. Refused as MALFORMED_REQUEST: broken JSON, members that would reach a
 * prototype, nesting deeper than 64, and the character U+0000, which Postgres cannot store.
 */
export function acceptJsonOnly(fastify: FastifyInstance, bodyLimitBytes: number): void {
  const parse: DefaultParser = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit: bodyLimitBytes },
    (request, text, done) => {
      if (text === '') {
        done(null, undefined);
        return;
      }
      const objection = objectionTo(text);
      if (objection !== undefined) {
        done(new DomainError('MALFORMED_REQUEST', { detail: objection }));
        return;
      }
      parse.call(fastify, request, text, done);
    },
  );
}

function objectionTo(text: string): string | undefined {
  if (text.includes('\\u0000') && FORBIDDEN_ESCAPE.test(text)) return 'Text must not contain the character U+0000.';
  if (nestsDeeperThan(text, MAX_DEPTH)) return `JSON must not nest deeper than ${MAX_DEPTH}.`;
  return undefined;
}

/** Counts brackets outside of strings. Broken JSON gets any answer: the parser refuses it next. */
export function nestsDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}
