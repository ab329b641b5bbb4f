import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { ConfigError, type ConfigProblem, defineConfig, type Environment } from './index.js';

const schema = z.object({
  HTTP_PORT: z.coerce.number().int().min(1).max(65_535).default(8080).describe('Port of the HTTP server.'),
  DATABASE_URL: z.url().meta({ description: 'Connection string.', secret: true }),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn']).default('info').describe('Least severity that is logged.'),
  TRACING: z.stringbool().default(false).describe('Whether traces are exported.'),
  GREETING: z.string().optional().describe('Shown at start.'),
});
const DATABASE_URL = 'postgres://app:hunter2@db/viral';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'config-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function fileHolding(text: string): string {
  const path = join(directory, `${Math.abs(hashOf(text))}`);
  writeFileSync(path, text);
  return path;
}

function hashOf(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => (hash * 31 + byte) | 0, 7);
}

function refusal(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

function problemsOf(env: Environment, of: z.ZodObject = schema): readonly ConfigProblem[] {
  return refusal(() => defineConfig(of, env)).problems;
}

describe('settings', () => {
  it('come from the environment, in the types that the schema makes of them', () => {
    const config = defineConfig(schema, { DATABASE_URL, HTTP_PORT: '9000', TRACING: 'yes', UNRELATED: 'ignored' });
    expect(config).toEqual({ DATABASE_URL, HTTP_PORT: 9000, LOG_LEVEL: 'info', TRACING: true });
  });

  it('are frozen', () => {
    expect(Object.isFrozen(defineConfig(schema, { DATABASE_URL }))).toBe(true);
  });

  it.each(['', ' ', '\n'])('count %j as absent', (blank) => {
    const env = { DATABASE_URL, HTTP_PORT: blank, GREETING: blank, LOG_LEVEL_FILE: blank };
    expect(defineConfig(schema, env)).toEqual({ DATABASE_URL, HTTP_PORT: 8080, LOG_LEVEL: 'info', TRACING: false });
    expect(problemsOf({ DATABASE_URL: blank })).toEqual([{ key: 'DATABASE_URL', message: 'is missing' }]);
  });

  it('are missing when absent, even where coercion would make a text of nothing', () => {
    const coerced = z.object({
      NAME: z.coerce.string().describe('A name.'),
      SIZE: z.coerce.number().describe('A size.'),
      BIG: z.coerce.bigint().describe('A big size.'),
    });
    expect(problemsOf({}, coerced)).toEqual(['NAME', 'SIZE', 'BIG'].map((key) => ({ key, message: 'is missing' })));
  });
});

describe('a setting in a file', () => {
  it.each(['secret', 'secret\n', 'secret\r\n', 'secret\n\n'])('reads %j without the line ends at its end', (text) => {
    const one = z.object({ TOKEN: z.string().meta({ description: 'A token.', secret: true }) });
    expect(defineConfig(one, { TOKEN_FILE: fileHolding(text) })).toEqual({ TOKEN: 'secret' });
  });

  it('keeps every other character', () => {
    const text = ' line one\nline two ';
    expect(defineConfig(schema, { DATABASE_URL, GREETING_FILE: fileHolding(`${text}\n`) }).GREETING).toBe(text);
  });

  it('is coerced like any other', () => {
    expect(defineConfig(schema, { DATABASE_URL, HTTP_PORT_FILE: fileHolding('9000\n') }).HTTP_PORT).toBe(9000);
  });

  it('is refused beside the plain one, naming both', () => {
    const problems = problemsOf({ DATABASE_URL, DATABASE_URL_FILE: fileHolding(DATABASE_URL) });
    expect(problems).toEqual([
      { key: 'DATABASE_URL', message: 'is given twice, as DATABASE_URL and as DATABASE_URL_FILE' },
    ]);
  });

  it('is refused when the file is missing or empty, without naming the path', () => {
    const path = join(directory, 'absent');
    expect(problemsOf({ DATABASE_URL_FILE: path })).toEqual([
      { key: 'DATABASE_URL_FILE', message: 'names a file that cannot be read (ENOENT)' },
    ]);
    expect(problemsOf({ DATABASE_URL_FILE: directory })).toEqual([
      { key: 'DATABASE_URL_FILE', message: 'names a file that cannot be read (EISDIR)' },
    ]);
    expect(problemsOf({ DATABASE_URL_FILE: fileHolding('\n') })).toEqual([
      { key: 'DATABASE_URL_FILE', message: 'names an empty file' },
    ]);
  });
});

describe('a wrong configuration', () => {
  it('names everything that is wrong at once', () => {
    const error = refusal(() => defineConfig(schema, { HTTP_PORT: '70000', LOG_LEVEL: 'loud', TRACING: 'perhaps' }));
    expect(error.problems.map(({ key }) => key)).toEqual(['DATABASE_URL', 'HTTP_PORT', 'LOG_LEVEL', 'TRACING']);
    expect(error.message.split('\n')[0]).toBe('the configuration is not valid:');
    for (const { key, message } of error.problems) expect(error.message).toContain(`\n  ${key}: ${message}`);
  });

  it('names keys, never values, whatever the values are', () => {
    const strict = z.object({
      SECRET: z
        .string()
        .min(1_000)
        .refine(() => false, { error: ({ input }) => `${String(input)} is too weak` })
        .meta({ description: 'A secret.', secret: true }),
      NUMBER: z.coerce.number().max(-1).describe('A number.'),
      CHOICE: z.enum(['one', 'two']).describe('A choice.'),
      PATTERN: z
        .string()
        .regex(/^never$/)
        .describe('A pattern.'),
    });
    const value = fc.stringMatching(/^[0-9a-zA-Z]{12,40}$/);
    fc.assert(
      fc.property(fc.tuple(value, value, value, value), ([SECRET, NUMBER, CHOICE, PATTERN]) => {
        const error = refusal(() => defineConfig(strict, { SECRET, NUMBER, CHOICE, PATTERN }));
        expect(error.problems.map(({ key }) => key)).toEqual(
          expect.arrayContaining(['SECRET', 'NUMBER', 'CHOICE', 'PATTERN']),
        );
        for (const given of [SECRET, NUMBER, CHOICE, PATTERN]) expect(String(error.stack)).not.toContain(given);
      }),
    );
  });

  it('does not repeat one setting in the message of another, if it is secret', () => {
    const nosy = z
      .object({
        TOKEN: z.string().meta({ description: 'A token.', secret: true }),
        OTHER: z.string().describe('Another.'),
      })
      .refine(() => false, { path: ['OTHER'], error: ({ input }) => `does not go with ${JSON.stringify(input)}` });
    expect(problemsOf({ TOKEN: 'hunter2', OTHER: 'x' }, nosy)).toEqual([{ key: 'OTHER', message: 'is not valid' }]);
  });

  it('can be one of several settings together, told once each of them is there', () => {
    const pair = z
      .object({ LOW: z.coerce.number().describe('Low.'), HIGH: z.coerce.number().describe('High.') })
      .refine(({ LOW, HIGH }) => LOW < HIGH, 'LOW must be below HIGH');
    expect(problemsOf({ LOW: '2', HIGH: '1' }, pair)).toEqual([
      { key: '(all settings together)', message: 'LOW must be below HIGH' },
    ]);
    expect(problemsOf({ LOW: '2' }, pair)).toEqual([{ key: 'HIGH', message: 'is missing' }]);
    expect(defineConfig(pair, { LOW: '1', HIGH: '2' })).toEqual({ LOW: 1, HIGH: 2 });
  });
});

describe('a schema is refused', () => {
  const text = z.string().describe('A text.');

  it.each([
    ['without a description', { A: text, B: z.string() }, /need a description: B$/],
    ['with a blank description', { B: z.string().describe(' ') }, /need a description: B$/],
    ['with z.coerce.boolean()', { B: z.coerce.boolean().default(true).describe('A switch.') }, /stringbool.*: B$/],
    ['with a default for a secret', { B: text.default('x').meta({ secret: true }) }, /no default: B$/],
    ['with X beside X_FILE', { B: text, B_FILE: text }, /collide.*: B$/],
  ])('%s', (_, shape: z.ZodRawShape, message) => {
    expect(() => defineConfig(z.object(shape), { A: 'a', B: 'b' })).toThrow(message);
  });
});
