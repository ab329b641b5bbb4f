import { DomainError, type Problem, REASONS, toProblem } from '@dailydoco/errors';
import { currentTraceIds, type Logger } from '@dailydoco/telemetry';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { domainErrorOf } from './problems.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * Another error body than a problem, for paths where another API's conventions hold; undefined keeps the problem.
 * Status and headers stay those of the problem.
 */
export type ErrorBody = (
  problem: Problem,
  request: { readonly method: string; readonly url: string },
) => { contentType: string; body: unknown } | undefined;

/** Answers every error of the application, whoever threw it, and logs those that are ours to mend. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;
  readonly #errorBody: ErrorBody | undefined;

  constructor(logger: Logger, errorBody: ErrorBody | undefined) {
    this.#logger = logger;
    this.#errorBody = errorBody;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** The same for errors that do not pass through Nest. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = domainErrorOf(error);
    const problem = toProblem(known, currentTraceIds()?.traceId ?? request.id);
    this.#log(known, error, problem, request);
    if (reply.sent || reply.raw.headersSent) {
      // An answer that has begun must not end as if it were whole.
      reply.raw.destroy();
      return;
    }
    const { contentType, body } = this.#errorBody?.(problem, request) ?? {
      contentType: PROBLEM_MEDIA_TYPE,
      body: problem,
    };
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    if (known?.retryAfterSeconds !== undefined) reply.header('retry-after', String(known.retryAfterSeconds));
    reply.code(problem.status).header('content-type', contentType).send(JSON.stringify(body));
  }

  #log(known: DomainError | undefined, error: unknown, problem: Problem, request: FastifyRequest): void {
    if (problem.status < 500) return;
    const fields = {
      err: known?.cause ?? error,
      code: problem.code,
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url,
    };
    // A queue that is full says so in its metric; a line for each request turned away would make things worse.
    if (known?.reason === 'OVERLOADED') this.#logger.debug(fields, 'request turned away');
    else if (known === undefined || known.reason === 'INTERNAL') this.#logger.error(fields, 'request failed');
    else this.#logger.warn(fields, 'request failed');
  }
}

/** The bytes of an answer to something that is not HTTP, or too slow or too large to become a request. */
export function rawProblem(errorCode: string | undefined): string {
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[errorCode ?? ''] ?? 400;
  const body = JSON.stringify({ ...toProblem(new DomainError('MALFORMED_REQUEST')), status });
  return [
    `HTTP/1.1 ${status} ${REASONS.MALFORMED_REQUEST.title}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
