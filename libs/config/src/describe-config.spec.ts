import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { describeConfig, renderConfigTable } from './index.js';

function rowOf(field: z.ZodType): object {
  const [row] = describeConfig(z.object({ KEY: field }));
  return row!;
}

describe('the type of a setting, for people', () => {
  it.each([
    [z.string(), 'text'],
    [z.string().min(32), 'text, from 32 characters'],
    [z.string().max(64), 'text, to 64 characters'],
    [z.url(), 'URL'],
    [z.email(), 'email'],
    [z.enum(['debug', 'info']), 'one of debug, info'],
    [z.literal('one'), 'only one'],
    [z.stringbool(), 'true or false'],
    [z.coerce.number(), 'number'],
    [z.coerce.number().int(), 'integer'],
    [z.coerce.number().int().min(1).max(65_535), 'integer from 1 to 65535'],
    [z.coerce.bigint(), 'integer'],
    [z.coerce.date(), 'date-time'],
    [z.string().transform((text) => text.split(',')), 'text'],
    [
      z.codec(z.string(), z.array(z.string()), { decode: (t) => t.split(','), encode: (l) => l.join(',') }),
      'list, separated by commas',
    ],
    [z.coerce.number().int().min(0).meta({ unit: 'ms' }), 'integer from 0 (ms)'],
  ])('%#: %s', (field: z.ZodType, type) => {
    expect(rowOf(field.meta({ ...field.meta(), description: 'A setting.' }))).toMatchObject({ type });
  });
});

describe('what stands in for an absent setting', () => {
  it.each([
    [z.string().describe('A.'), { required: true }],
    [z.string().describe('A.').optional(), { required: false }],
    [z.string().optional().describe('A.'), { required: false }],
    [z.string().default('x').describe('A.'), { required: false, default: 'x' }],
    [z.string().describe('A.').default('x'), { required: false, default: 'x' }],
    [z.coerce.number().prefault('7').describe('A.'), { required: false, default: '7' }],
    [z.coerce.number().default(0).describe('A.'), { required: false, default: '0' }],
    [z.stringbool().default(false).describe('A.'), { required: false, default: 'false' }],
    [z.coerce.bigint().default(5n).describe('A.'), { required: false, default: '5' }],
    [z.coerce.date().default(new Date(0)).describe('A.'), { required: false, default: '1970-01-01T00:00:00.000Z' }],
    [
      z
        .string()
        .transform((t) => t.split(','))
        .default(['a', 'b'])
        .describe('A.'),
      { required: false, default: 'a,b' },
    ],
  ])('%#', (field: z.ZodType, expected) => {
    const { required, default: stands } = { default: undefined, ...rowOf(field) } as Record<string, unknown>;
    expect({ required, default: stands }).toEqual({ default: undefined, ...expected });
    expect(rowOf(field)).toMatchObject({ description: 'A.' });
  });

  it('is described in the schema order, secrets marked wherever the mark was put', () => {
    const schema = z.object({
      B: z.string().meta({ description: 'Bee.', secret: true }).optional(),
      A: z.string().describe('Ay.'),
    });
    expect(describeConfig(schema)).toEqual([
      { key: 'B', type: 'text', description: 'Bee.', secret: true, required: false },
      { key: 'A', type: 'text', description: 'Ay.', secret: false, required: true },
    ]);
  });

  it('refuses a schema that does not say what its settings mean', () => {
    expect(() => describeConfig(z.object({ A: z.string() }))).toThrow(/A$/);
  });
});

describe('the table of settings', () => {
  it('is Markdown with one line per setting', () => {
    const schema = z.object({
      HTTP_PORT: z.coerce.number().int().min(1).max(65_535).default(8080).describe('Port of the\n  HTTP server.'),
      TOKEN: z.string().meta({ description: 'Shared by a | b.', secret: true }),
      PREFIX: z.string().default('').describe('Put before names.'),
    });
    expect(renderConfigTable(describeConfig(schema))).toBe(
      [
        '| setting | type | default | meaning |',
        '|---|---|---|---|',
        '| `HTTP_PORT` | integer from 1 to 65535 | `8080` | Port of the HTTP server. |',
        '| `TOKEN` | text | **required** | Shared by a \\| b. Secret: better given as `TOKEN_FILE`. |',
        '| `PREFIX` | text | – | Put before names. |',
        '',
      ].join('\n'),
    );
  });
});
