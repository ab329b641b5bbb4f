import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeEventStream } from './event-stream.client.js';
import { AnswerBroken, type StreamPart } from './provider.js';

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (let n = 1; n < at.length; n += 1) yield bytes.slice(at[n - 1], at[n]);
}

async function decoded(text: string | Uint8Array, cuts: readonly number[] = []): Promise<StreamPart[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const parts: StreamPart[] = [];
  for await (const part of decodeEventStream(chunksOf(bytes, cuts))) parts.push(part);
  return parts;
}

const data = (text: string): StreamPart => ({ kind: 'data', data: text });

describe('A stream of events', () => {
  it.each<[string, string, StreamPart[]]>([
    ['one event', 'data: {"a":1}\n\n', [data('{"a":1}')]],
    ['no space after the colon', 'data:x\n\n', [data('x')]],
    ['CR LF', 'data: a\r\n\r\ndata: b\r\n\r\n', [data('a'), data('b')]],
    ['CR alone', 'data: a\r\rdata: b\r\rdata: c\r\r', [data('a'), data('b'), data('c')]],
    ['several lines of data', 'data: a\ndata: b\n\n', [data('a\nb')]],
    ['comments', ': ping\n\ndata: a\n\n', [{ kind: 'comment', text: 'ping' }, data('a')]],
    ['other fields', 'event: x\nid: 1\nretry: 5\nodd: 1\ndata: a\n\n', [data('a')]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [data('a')]],
    ['an end in the middle of an event', 'data: a\n\ndata: [DO', [data('a')]],
    ['an end before the blank line', 'data: [DONE]\n', []],
    ['nothing', '', []],
  ])('is read: %s', async (_what, text, parts) => expect(await decoded(text)).toEqual(parts));

  it('is the same wherever its bytes are cut, within characters and line ends as well', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 }).map((each) => each.replaceAll(/[\r\n]/g, ''));
    const lineEnd = fc.constantFrom('\n', '\r\n');
    const block = fc
      .record({ kind: fc.constantFrom('data: ', 'data:', ': ', 'event: '), text, end: lineEnd })
      .map(({ kind, text: said, end }) => `${kind}${said}${end}`);
    const event = fc
      .tuple(fc.array(block, { minLength: 1, maxLength: 4 }), lineEnd)
      .map(([lines, end]) => lines.join('') + end);
    const stream = fc.array(event, { maxLength: 8 }).map((events) => events.join(''));
    await fc.assert(
      fc.asyncProperty(stream, fc.array(fc.nat(2_000), { maxLength: 40 }), async (whole, cuts) => {
        expect(await decoded(whole, cuts)).toEqual(await decoded(whole));
      }),
      { numRuns: 300 },
    );
  });

  it('is the same byte by byte', async () => {
    const text = 'data: {"content":"Grüße 👩‍👩‍👧 日本"}\r\n\r\n: c\n\ndata: [DONE]\n\n';
    const bytes = Buffer.from(text);
    expect(await decoded(bytes, [...bytes.keys()])).toEqual(await decoded(text));
    expect(await decoded(text)).toHaveLength(3);
  });

  it('passes an event of megabytes', async () => {
    const long = 'x'.repeat(3_000_000);
    expect(await decoded(`data: ${long}\n\n`, [1_000, 1_000_000])).toEqual([data(long)]);
  });

  it('passes what is whole before it breaks, wherever its bytes are cut', async () => {
    const bytes = Buffer.concat([Buffer.from('data: a\n\n: c\n\ndata: é\n\ndata: '), Buffer.from([0xff, 0x0a, 0x0a])]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const parts: StreamPart[] = [];
        const reading = async () => {
          for await (const part of decodeEventStream(chunksOf(bytes, cuts))) parts.push(part);
        };
        await expect(reading()).rejects.toThrow(AnswerBroken);
        expect(parts).toEqual([data('a'), { kind: 'comment', text: 'c' }, data('é')]);
      }),
    );
  });

  it('breaks at an event without end, and at bytes that are no UTF-8', async () => {
    await expect(decoded(`data: ${'x'.repeat(9_000_000)}`, [4_000_000])).rejects.toThrow(AnswerBroken);
    await expect(decoded(Buffer.from([0x64, 0xff, 0xfe]))).rejects.toThrow(AnswerBroken);
  });
});
