import { DomainError } from '@dailydoco/errors';
import { describe, expect, it } from '@jest/globals';
import { HttpException, NotFoundException, ServiceUnavailableException } from '@nestjs/common';
import { domainErrorOf } from './problems.js';

const fastifyError = (statusCode: number): Error =>
  Object.assign(new Error('made by the framework'), { name: 'FastifyError', statusCode });

describe('domainErrorOf', () => {
  it('leaves a refusal as it is, also inside what Nest wrapped around it', () => {
    const refusal = new DomainError('SLUG_TAKEN');
    expect(domainErrorOf(refusal)).toBe(refusal);
    expect(domainErrorOf(new HttpException('x', 400, { cause: refusal }))).toBe(refusal);
  });

  it.each([
    [new NotFoundException(), 'NOT_FOUND'],
    [new ServiceUnavailableException(), 'UNAVAILABLE'],
    [new HttpException('slow down', 429), 'RATE_LIMITED'],
    [fastifyError(400), 'MALFORMED_REQUEST'],
    [fastifyError(413), 'PAYLOAD_TOO_LARGE'],
    [fastifyError(415), 'UNSUPPORTED_MEDIA_TYPE'],
    [Object.assign(new SyntaxError('bad'), { statusCode: 400 }), 'MALFORMED_REQUEST'],
    [Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 }), 'MALFORMED_REQUEST'],
    [Object.assign(new Error('terminating connection'), { code: '57P01', severity: 'FATAL' }), 'UNAVAILABLE'],
  ])('names %s', (error, reason) => {
    expect(domainErrorOf(error)?.reason).toBe(reason);
  });

  it.each([
    [new Error('a bug')],
    ['thrown text'],
    [undefined],
    [new SyntaxError('our own JSON was broken')],
    [fastifyError(500)],
    [new HttpException('teapot', 418)],
    [Object.assign(new Error('an upstream said no'), { statusCode: 401 })],
  ])('knows that %s is a bug', (error) => {
    expect(domainErrorOf(error)).toBeUndefined();
  });
});
