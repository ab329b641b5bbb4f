import { describe, expect, it } from '@jest/globals';
import { PassThrough, Readable } from 'node:stream';
import { messagesOf, orAborted, writeAll } from './message-streams.js';

const never = new AbortController().signal;
const encode = (message: unknown): Buffer => Buffer.from(String(message));

/** A generator that tells when it was left. */
function watched(values: Iterable<unknown>) {
  const state = { pulled: 0, left: Promise.withResolvers<void>() };
  async function* source() {
    try {
      for (const value of values) {
        state.pulled += 1;
        yield value;
      }
    } finally {
      state.left.resolve();
    }
  }
  return { state, source: source() };
}

describe('messagesOf', () => {
  it('gives every message in order, then ends', async () => {
    const messages: unknown[] = [];
    for await (const message of messagesOf(Readable.from([1, 2, 3]), never)) messages.push(message);
    expect(messages).toEqual([1, 2, 3]);
  });

  it('gives what had arrived before the error, then throws the error', async () => {
    const stream = new PassThrough({ objectMode: true });
    const reader = messagesOf(stream, never);
    stream.write('first');
    expect(await reader.next()).toEqual({ done: false, value: 'first' });
    stream.write('second');
    stream.emit('error', new RangeError('lost'));

    expect(await reader.next()).toEqual({ done: false, value: 'second' });
    await expect(reader.next()).rejects.toThrow('lost');
  });

  it('throws the reason of an abort while it waits', async () => {
    const abort = new AbortController();
    const waiting = messagesOf(new PassThrough({ objectMode: true }), abort.signal).next();
    abort.abort(new RangeError('no longer'));
    await expect(waiting).rejects.toThrow('no longer');
  });

  it('does not take a stream that was destroyed for one that ended', async () => {
    const stream = new PassThrough({ objectMode: true });
    const waiting = messagesOf(stream, never).next();
    stream.destroy();
    await expect(waiting).rejects.toThrow('destroyed');
  });

  it('leaves the stream and no listener behind when the reader leaves early', async () => {
    const stream = new PassThrough({ objectMode: true });
    const before = stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
    stream.write(1);
    const reader = messagesOf(stream, never);
    await reader.next();
    await reader.return();

    expect(stream.destroyed).toBe(false);
    expect(stream.eventNames().map((name) => [name, stream.listenerCount(name)])).toEqual(before);
  });
});

describe('writeAll', () => {
  it('asks for no more than the stream takes', async () => {
    const stream = new PassThrough({ objectMode: true, highWaterMark: 4 });
    const { state, source } = watched(Array.from({ length: 100 }, (_, index) => index));
    const done = writeAll(stream, source, encode, never);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    const ahead = state.pulled;
    stream.resume();
    await done;

    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(10);
    expect(state.pulled).toBe(100);
  });

  it('takes a plain iterable, too', async () => {
    const stream = new PassThrough({ objectMode: true });
    await writeAll(stream, ['a', 'b'], encode, never);
    expect([String(stream.read()), String(stream.read())]).toEqual(['a', 'b']);
  });

  it('throws the reason of an abort while the stream is full, and leaves the source', async () => {
    const abort = new AbortController();
    const stream = new PassThrough({ objectMode: true, highWaterMark: 1 });
    const { state, source } = watched([1, 2, 3, 4, 5]);
    const done = writeAll(stream, source, encode, abort.signal);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    abort.abort(new RangeError('no longer'));

    await expect(done).rejects.toThrow('no longer');
    await state.left.promise;
    expect(stream.listenerCount('drain')).toBe(0);
  });

  it('throws what the encoder throws, and leaves the source', async () => {
    const { state, source } = watched([1]);
    const broken = (): Buffer => {
      throw new RangeError('too large');
    };
    await expect(writeAll(new PassThrough(), source, broken, never)).rejects.toThrow('too large');
    await state.left.promise;
  });
});

describe('orAborted', () => {
  it('gives the result, or the error, of the work', async () => {
    expect(await orAborted(Promise.resolve(7), never)).toBe(7);
    await expect(orAborted(Promise.reject(new RangeError('own')), never)).rejects.toThrow('own');
  });

  it('gives the reason when it was aborted before', async () => {
    await expect(orAborted(Promise.resolve(7), AbortSignal.abort(new RangeError('no')))).rejects.toThrow('no');
  });
});
