import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, context, trace } from '@opentelemetry/api';
import type { Context, ContextManager } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger } from './logger.js';
import type { LogLevel } from './logger.js';
import { nestLogger } from './nest-logger.js';
import { redactText } from './redaction.js';

function capture(level?: LogLevel) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'payouts', destination, ...(level === undefined ? {} : { level }) });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
  return { logger, last, text: () => lines.join('') };
}

const SECRET = 'correct-horse-battery';

describe('what is logged as a field', () => {
  const names = [
    'password',
    'newPassword',
    'passwordHash',
    'authorization',
    'Authorization',
    'token',
    'refreshToken',
    'refresh_token',
    'accessToken',
    'access-token',
    'tokens',
    'key',
    'apiKey',
    'x-api-key',
    'privateKey',
    'secret',
    'clientSecret',
    'email',
    'ownerEmail',
    'cookie',
    'set-cookie',
    'amount',
    'amountMicros',
    'netMicros',
    'delta_micros',
    'balance',
  ];

  it.each(names)('hides %s wherever it stands', (name) => {
    const { logger, text } = capture();
    const record = { [name]: SECRET };
    logger.info(record, 'flat');
    logger.info({ request: { body: { deep: { deeper: [{ list: [record] }] } } } }, 'nested');
    logger.info({ held: new Map([['inner', record]]), several: new Set([record]) }, 'collections');
    logger.warn({ err: Object.assign(new Error('failed'), { context: record }) }, 'error');
    logger.warn(new Error('outer', { cause: Object.assign(new Error('inner'), record) }));
    logger.child(record).info('child');
    logger.child({ caller: record }).info('child');
    nestLogger(logger).log({ seen: record }, 'Context');
    expect(text()).not.toContain(SECRET);
    expect(text().match(/\[redacted\]/g)).toHaveLength(9);
  });

  it('hides amounts whatever their type', () => {
    const { logger, text } = capture();
    logger.info({
      entry: { netMicros: 79_123_456n, amount: { amount: '79.12', currency: 'USD' }, grossMicros: 79123456 },
    });
    // Not 79 alone: the time of the line may hold it.
    expect(text()).not.toMatch(/79[.]?12/);
  });

  it('hides a secret at any depth and in any company', () => {
    const leaf = fc.constantFrom<Record<string, unknown>>({ password: SECRET }, { user: { email: SECRET } }, { a: 1 });
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        const { logger, text } = capture();
        logger.info({ value });
        expect(text()).not.toContain(SECRET);
      }),
    );
  });

  it('shows what is no secret', () => {
    const { logger, last } = capture();
    logger.info(
      { purchaseId: 'p1', count: 3, list: [1, 'b', null], at: new Date(0), size: 12n, keyId: 'k', tokenCount: 2 },
      'done',
    );
    expect(last()).toMatchObject({
      service: 'payouts',
      level: 'info',
      msg: 'done',
      purchaseId: 'p1',
      count: 3,
      list: [1, 'b', null],
      at: '1970-01-01T00:00:00.000Z',
      size: '12',
      keyId: 'k',
      tokenCount: 2,
    });
  });

  it('survives circles, bytes, depth and width', () => {
    const { logger, last, text } = capture();
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    let deep: unknown = SECRET;
    for (let i = 0; i < 50; i += 1) deep = { deep };
    logger.info({
      circle,
      bytes: Buffer.from(SECRET),
      deep,
      wide: Array.from({ length: 500 }, (_, i) => i),
      long: 'x'.repeat(50_000),
    });
    expect(last()).toMatchObject({ circle: { name: 'circle', self: '[circular]' }, bytes: '[21 bytes]' });
    expect(text()).not.toContain(SECRET);
    expect(text().length).toBeLessThan(12_000);
  });

  it('leaves out what Postgres says of the row', () => {
    const { logger, text, last } = capture();
    const error = Object.assign(new Error('duplicate key value violates unique constraint "users_email"'), {
      severity: 'ERROR',
      code: '23505',
      detail: `Key (secret_column)=(${SECRET}) already exists.`,
      constraint: 'users_email',
    });
    logger.error({ err: error }, 'insert failed');
    expect(text()).not.toContain(SECRET);
    expect(last()).toMatchObject({ err: { code: '23505', constraint: 'users_email' } });
  });
});

describe('what is logged as text', () => {
  const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x';
  it.each([
    ['a bearer token', `sent Authorization: Bearer ${SECRET}`, SECRET],
    ['a JWT', `token was ${jwt}, sorry`, jwt],
    ['a JWT on its own line', `token\n${jwt}`, jwt],
    ['a bearer token on its own line', `sent\nBearer ${SECRET}`, SECRET],
    ['an API key', 'the key dd_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_ABCDE was used', 'AbCdEfGh'],
    ['the password of a URL', `cannot connect to postgres://app:${SECRET}@db:5432/x`, SECRET],
    ['an e-mail address', 'no such user: jane.doe+x@mail.example.com', 'jane.doe'],
    ['an e-mail address after a line break', 'no such user:\njane.doe@example.com', 'jane.doe'],
  ])('hides %s in messages, fields and errors', (_what, message, secret) => {
    const { logger, text } = capture();
    logger.info(message);
    logger.info({ note: message }, 'said %s', message);
    logger.error(new Error(message));
    nestLogger(logger).error(message, 'stack', 'Context');
    expect(text()).not.toContain(secret);
    expect(
      text()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toHaveLength(4);
  });

  it('writes JSON whatever the text holds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('@a.b', 'Bearer ', 'dd_aaaaaaaaaaaa', '://x:y@z"'),
        (text, bait) => {
          const { logger, last } = capture();
          logger.info({ text: text + bait + text }, bait + text);
          expect(last()).toHaveProperty('msg');
        },
      ),
    );
  });
});

describe('a long line', () => {
  it.each([
    'x'.repeat(100_000),
    'a.'.repeat(50_000),
    'a-'.repeat(50_000),
    '://'.repeat(30_000),
    'eyJ'.repeat(30_000),
    'dd_'.repeat(30_000),
  ])('made by a stranger takes no time worth noticing', (text) => {
    const startedAt = performance.now();
    redactText(text);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('a line', () => {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (held, fn, thisArg, ...args) =>
      storage.run(held, () => fn.call(thisArg as ThisParameterType<typeof fn>, ...args)),
    bind: (_held, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  beforeAll(() => void context.setGlobalContextManager(manager));
  afterAll(() => context.disable());

  const traced = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

  it('carries the ids of the trace it was written in, which nothing logged can change', () => {
    const { logger, last } = capture();
    context.with(trace.setSpanContext(ROOT_CONTEXT, traced), () => logger.info({ traceId: 'forged' }, 'inside'));
    expect(last()).toMatchObject({ traceId: traced.traceId, spanId: traced.spanId });
  });

  it('carries none outside of a trace', () => {
    const { logger, last } = capture();
    logger.info('outside');
    expect(last()).not.toHaveProperty('traceId');
  });

  it('is written only from the chosen level on', () => {
    const { logger, text } = capture('warn');
    logger.info('quiet');
    logger.warn('loud');
    expect(text()).toContain('loud');
    expect(text()).not.toContain('quiet');
  });
});

describe("Nest's messages", () => {
  it('keep their level and name the class that wrote them', () => {
    const { logger, last } = capture('trace');
    const nest = nestLogger(logger);
    nest.log('started', 'NestFactory');
    expect(last()).toMatchObject({ level: 'info', msg: 'started', context: 'NestFactory' });
    nest.verbose('detail', 'Router');
    expect(last()).toMatchObject({ level: 'trace', context: 'Router' });
    nest.error(new TypeError('boom'), 'stack…', 'ExceptionsHandler');
    expect(last()).toMatchObject({
      level: 'error',
      msg: 'boom',
      err: { type: 'TypeError' },
      context: 'ExceptionsHandler',
    });
  });
});
