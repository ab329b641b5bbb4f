import { micros } from './books.js';

// What is said over gRPC, and what became of it.

/** Money as messages spell it. */
export const dollars = (amount: string) => ({ micros: micros(amount), currencyCode: 'USD' });

/** The first page, of the usual size. */
export const page = { pageSize: 0, pageToken: '' };

/** The reason of a refusal; `fine` for none. */
export const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fine',
    ({ reason = 'an error without a reason' }: { reason?: string }) => reason,
  );

/** The reason and the paths of a refusal. */
export const refusalOf = (work: Promise<unknown>): Promise<string[]> =>
  work.then(
    () => ['fine'],
    ({ reason, fieldErrors }: { reason: string; fieldErrors: { path: string }[] }) => [
      reason,
      ...fieldErrors.map(({ path }) => path),
    ],
  );

/** All messages of a stream. */
export async function takeAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}
