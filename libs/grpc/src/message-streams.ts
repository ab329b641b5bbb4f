import type { Readable, Writable } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';

/** What the work resolves to, or the signal's reason as soon as it aborts; the work itself goes on unwatched then. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    // The listener is taken off again each time: a stream of a million messages must not leave a million behind.
    work.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * The messages of a grpc-js stream, one at a time: the next is taken off the wire when the reader asks for it, so an
 * unread stream holds the 16 messages of Node's buffer and what HTTP/2's window lets the peer send, and no more. Throws
 * the stream's error, or the signal's reason. Unlike Node's own iterator it leaves the stream alone when the reader
 * leaves early, because the other direction of the call goes on.
 */
export async function* messagesOf(stream: Readable, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
  const state: { failure?: { error: unknown }; wake: () => void } = { wake: () => undefined };
  const onProgress = (): void => state.wake();
  const onError = (error: unknown): void => {
    state.failure = { error };
    state.wake();
  };
  stream.on('readable', onProgress).on('end', onProgress).on('close', onProgress).on('error', onError);
  signal.addEventListener('abort', onProgress);
  try {
    for (;;) {
      signal.throwIfAborted();
      const message: unknown = stream.read();
      if (message !== null) {
        yield message;
      } else if (state.failure !== undefined) {
        throw state.failure.error;
      } else if (stream.readableEnded) {
        return;
      } else if (stream.destroyed) {
        throw new Error('the stream was destroyed before its end');
      } else {
        await new Promise<void>((resolve) => {
          state.wake = resolve;
        });
      }
    }
  } finally {
    stream.off('readable', onProgress).off('end', onProgress).off('close', onProgress).off('error', onError);
    signal.removeEventListener('abort', onProgress);
  }
}

// Long enough for a reset sent right behind the end to arrive, short enough for nobody to notice at the end of a stream.
const END_CONFIRMED_AFTER_MS = 10;

/**
 * The requests of a stream in a server. When a Node client cancels, its HTTP/2 ends the request stream properly first
 * and resets it right after, so that for a moment a cancelled stream looks like a complete one. The end is therefore
 * told a few milliseconds late, and not at all when a reset follows it.
 */
export async function* requestsOf(stream: Readable, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
  yield* messagesOf(stream, signal);
  await setTimeout(END_CONFIRMED_AFTER_MS, undefined, { signal }).catch(() => undefined);
  // Makes grpc-js look whether the stream was reset, and say so before the next turn of the event loop is over.
  stream._read(0);
  await setImmediate();
  signal.throwIfAborted();
}

/**
 * Writes every message of the source, encoded, and asks for the next only when the peer has taken enough of those
 * before. Throws what the source or the encoder throws, or the signal's reason; then the source is told that nobody
 * reads it any more. Does not end the stream.
 */
export async function writeAll(
  stream: Writable,
  source: AsyncIterable<unknown> | Iterable<unknown>,
  encode: (message: unknown) => Buffer,
  signal: AbortSignal,
): Promise<void> {
  const iterator = iteratorOf(source);
  try {
    for (;;) {
      const next = await orAborted(Promise.resolve(iterator.next()), signal);
      if (next.done === true) return;
      signal.throwIfAborted();
      if (!stream.write(encode(next.value))) await drained(stream, signal);
    }
  } catch (error) {
    abandon(iterator);
    throw error;
  }
}

/** An iterable whose messages are decoded as they pass. */
export async function* decoded<T>(
  messages: AsyncIterable<unknown>,
  decode: (message: unknown) => T,
): AsyncGenerator<T> {
  for await (const message of messages) yield decode(message);
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

function iteratorOf(source: AsyncIterable<unknown> | Iterable<unknown>): AnyIterator {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** Nobody waits for it: a generator that hangs in an await would only come to it when that ends. */
function abandon(iterator: AnyIterator): void {
  void (async () => iterator.return?.())().catch(() => undefined);
}

function drained(stream: Writable, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('drain', resolve);
  return orAborted(promise, signal).finally(() => stream.off('drain', resolve));
}
