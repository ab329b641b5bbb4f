import type { FastifyReply } from 'fastify';

/** Aborts when the caller's connection closes before the answer has been given: nobody waits for the work any more. */
export function leavingOf({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const leaving = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) leaving.abort();
  });
  return leaving.signal;
}
