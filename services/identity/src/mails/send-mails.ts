import type { Mail } from './mail.js';

interface Claimed {
  readonly id: string;
  readonly mail: Mail;
  readonly attempts: number;
}

export interface MailQueue<Queued extends Claimed> {
  claim(): Promise<Queued | undefined>;
  sent(id: string): Promise<void>;
  /** Returns whether it was given up. */
  failed(mail: Queued, why: string): Promise<boolean>;
}

/**
 * Sends one mail that is due; true when there may be another. A crash between sending and noting it sends the mail once more,
 * a crash before costs a minute: no mail is lost.
 */
export async function sendOneMail<Queued extends Claimed>(
  queue: MailQueue<Queued>,
  send: (mail: Mail) => Promise<void>,
  onFailure: (failure: { id: string; attempts: number; givenUp: boolean; error: unknown }) => void,
): Promise<boolean> {
  const claimed = await queue.claim();
  if (claimed === undefined) return false;
  try {
    await send(claimed.mail);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const givenUp = await queue.failed(claimed, why);
    onFailure({ id: claimed.id, attempts: claimed.attempts, givenUp, error });
    return true;
  }
  await queue.sent(claimed.id);
  return true;
}
