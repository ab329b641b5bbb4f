import { describe, expect, it } from '@jest/globals';
import { BadRequest, ErrorInfo, RetryInfo } from '@dailydoco/proto/google/rpc/error_details';
import { Status } from '@dailydoco/proto/google/rpc/status';
import fc from 'fast-check';
import {
  DomainError,
  type DomainErrorOptions,
  GRPC_STATUS,
  REASONS,
  fromGrpcStatus,
  isReason,
  toGrpcStatus,
} from './index.js';

const reasons = Object.keys(REASONS).filter(isReason);

function factsOf({ reason, detail, fieldErrors, retryAfterSeconds, metadata }: DomainError): object {
  return { reason, detail, fieldErrors, retryAfterSeconds, metadata };
}

function overTheWire(error: unknown): DomainError {
  return fromGrpcStatus(toGrpcStatus(error));
}

/** A status as another domain, or a later version of ours, might send it. */
function foreignStatus(info: { reason: string; domain: string }): Uint8Array {
  const value = Buffer.from(ErrorInfo.encode({ ...info, metadata: {} }).finish());
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value }];
  return Status.encode({ code: 5, message: 'foreign', details }).finish();
}

describe('an error that crosses gRPC', () => {
  it.each(reasons)('of reason %s arrives as the same error', (reason) => {
    const sent = new DomainError(reason, {
      detail: 'What happened, in ünïcode.',
      fieldErrors: [{ path: 'items.3.amount', message: 'must be positive' }],
      retryAfterSeconds: 7,
      metadata: { limit: '50', unit: 'ms' },
    });
    const status = toGrpcStatus(sent);
    expect(status.code).toBe(REASONS[reason].grpc);
    expect(status.details).toBe('What happened, in ünïcode.');
    expect(factsOf(fromGrpcStatus(status))).toEqual(factsOf(sent));
  });

  it.each(reasons)('of reason %s arrives with its defaults when nothing more was told', (reason) => {
    const sent = new DomainError(reason);
    expect(factsOf(overTheWire(sent))).toEqual(factsOf(sent));
  });

  it('arrives whole, whatever it says within the bounds', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 });
    const options: fc.Arbitrary<DomainErrorOptions> = fc.record(
      {
        detail: text,
        fieldErrors: fc.array(fc.record({ path: text, message: text }), { maxLength: 20 }),
        retryAfterSeconds: fc.nat(),
        metadata: fc.dictionary(fc.stringMatching(/^[a-z][a-zA-Z0-9_-]{0,63}$/), text, {
          maxKeys: 20,
          noNullPrototype: true,
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...reasons), options, (reason, options) => {
        const sent = new DomainError(reason, options);
        expect(factsOf(overTheWire(sent))).toEqual(factsOf(sent));
      }),
    );
  });

  it('speaks google.rpc.Status, so that other clients can read it', () => {
    const error = new DomainError('RATE_LIMITED', {
      detail: 'Slow down.',
      fieldErrors: [{ path: 'email', message: 'too often' }],
      retryAfterSeconds: 30,
      metadata: { limit: '5' },
    });
    const status = Status.decode(toGrpcStatus(error).statusDetailsBin);
    expect(status).toMatchObject({ code: GRPC_STATUS.RESOURCE_EXHAUSTED, message: 'Slow down.' });
    const [info, badRequest, retryInfo] = status.details;
    expect(status.details.map(({ typeUrl }) => typeUrl)).toEqual([
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.BadRequest',
      'type.googleapis.com/google.rpc.RetryInfo',
    ]);
    expect(ErrorInfo.decode(info!.value)).toMatchObject({
      reason: 'RATE_LIMITED',
      domain: 'dailydoco',
      metadata: { limit: '5' },
    });
    expect(BadRequest.decode(badRequest!.value).fieldViolations).toEqual([
      { field: 'email', description: 'too often' },
    ]);
    expect(RetryInfo.decode(retryInfo!.value).retryDelay).toEqual({ seconds: 30n, nanos: 0 });
  });

  it('stays small enough for a header block, and can be escaped, whatever it says', () => {
    const long = '€'.repeat(10_000);
    const many = Array.from({ length: 500 }, (_, index) => index);
    const status = toGrpcStatus(
      new DomainError('VALIDATION_FAILED', {
        detail: `${'x'.repeat(498)}😀😀`,
        fieldErrors: many.map((index) => ({ path: `${index}.${long}`, message: long })),
        metadata: Object.fromEntries([
          [long, 'dropped'],
          ['__proto__', 'dropped'],
          ['Not A Key', 'dropped'],
          ...many.map((index) => [`key${index}`, long]),
        ]),
      }),
    );
    const base64 = Buffer.from(status.statusDetailsBin).toString('base64');
    expect(base64.length + encodeURI(status.details).length).toBeLessThan(48 * 1024);
    const received = fromGrpcStatus(status);
    expect(received.fieldErrors).toHaveLength(20);
    expect(received.fieldErrors[7]?.path).toMatch(/^7\.€+…$/);
    expect(Object.keys(received.metadata)).toEqual(many.slice(0, 20).map((index) => `key${index}`));
    expect(received.detail).toHaveLength(500);
  });

  it.each([new Error('select * from secret'), 'a thrown text', undefined])(
    'and is none of ours (%s) arrives as INTERNAL without a word of it',
    (error) => {
      const status = toGrpcStatus(error);
      expect(status).toMatchObject({ code: GRPC_STATUS.INTERNAL, details: 'Something went wrong on our side.' });
      expect(Buffer.from(status.statusDetailsBin).toString('latin1')).not.toMatch(/secret|thrown/);
      expect(overTheWire(error).reason).toBe('INTERNAL');
    },
  );
});

describe('a gRPC status that none of our servers wrote', () => {
  it.each([
    [GRPC_STATUS.CANCELLED, 'CANCELLED'],
    [GRPC_STATUS.UNKNOWN, 'INTERNAL'],
    [GRPC_STATUS.INVALID_ARGUMENT, 'VALIDATION_FAILED'],
    [GRPC_STATUS.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
    [GRPC_STATUS.NOT_FOUND, 'NOT_FOUND'],
    [GRPC_STATUS.ALREADY_EXISTS, 'CONFLICT'],
    [GRPC_STATUS.PERMISSION_DENIED, 'FORBIDDEN'],
    [GRPC_STATUS.RESOURCE_EXHAUSTED, 'PAYLOAD_TOO_LARGE'],
    [GRPC_STATUS.FAILED_PRECONDITION, 'CONFLICT'],
    [GRPC_STATUS.ABORTED, 'CONFLICT'],
    [GRPC_STATUS.OUT_OF_RANGE, 'VALIDATION_FAILED'],
    [GRPC_STATUS.UNIMPLEMENTED, 'INTERNAL'],
    [GRPC_STATUS.INTERNAL, 'INTERNAL'],
    [GRPC_STATUS.UNAVAILABLE, 'UNAVAILABLE'],
    [GRPC_STATUS.DATA_LOSS, 'INTERNAL'],
    [GRPC_STATUS.UNAUTHENTICATED, 'UNAUTHENTICATED'],
    [0, 'INTERNAL'],
    [99, 'INTERNAL'],
    [-1, 'INTERNAL'],
  ])('%i becomes %s', (code, reason) => {
    expect(fromGrpcStatus({ code, details: 'connect ECONNREFUSED 10.0.0.7:50051' }).reason).toBe(reason);
  });

  it('keeps its text for the log only', () => {
    const error = fromGrpcStatus({ code: GRPC_STATUS.UNAVAILABLE, details: 'connect ECONNREFUSED 10.0.0.7:50051' });
    expect(error.message).not.toContain('10.0.0.7');
    expect(error.cause).toEqual(new Error('gRPC status 14: connect ECONNREFUSED 10.0.0.7:50051'));
  });

  it.each([
    ['broken bytes', Buffer.from('ff00ff00', 'hex')],
    ['no bytes', new Uint8Array()],
    ['no ErrorInfo', Status.encode({ code: 5, message: 'bare', details: [] }).finish()],
    ['another domain', foreignStatus({ reason: 'SLUG_TAKEN', domain: 'example.com' })],
    ['a reason of a later version', foreignStatus({ reason: 'MOON_FULL', domain: 'dailydoco' })],
    ['a reason of the prototype', foreignStatus({ reason: 'toString', domain: 'dailydoco' })],
  ])('falls back to the status number for %s', (_, statusDetailsBin) => {
    expect(fromGrpcStatus({ code: GRPC_STATUS.NOT_FOUND, details: '', statusDetailsBin }).reason).toBe('NOT_FOUND');
  });
});
