import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NewId } from '@dailydoco/lifecycle';
import { Breaker, type Verdict } from '@dailydoco/resilience';
import type { Logger } from '@dailydoco/telemetry';
import { createTransport } from 'nodemailer';
import type { Mail } from './mail.js';

/** Hands a mail over; resolves once it is out of our hands, rejects when it is not. */
export type SendMail = (mail: Mail) => Promise<void>;

const TIMEOUT_MS = 15_000;
/** Of each step towards the mail server, in ms, unless the URL names its own: else a silent one is waited for ten minutes. */
const STEP_TIMEOUTS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000, dnsTimeout: 5_000 };
/** Mails have pauses of minutes; a server that was away for a moment need not be asked again at once. */
const BREAKER = { client: 'smtp', failuresInRow: 3, firstPauseMs: 5_000, longestPauseMs: 30_000 };
/** What nodemailer calls it when the server was not reached, or stopped answering. */
const NOT_REACHED: ReadonlySet<unknown> = new Set(['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS', 'EPROXY']);

/** `smtp://…` or `smtps://…` sends; `file:///folder` writes each mail as a file there, for a local run. */
export function mailSender(options: { url: string; from: string; newId: NewId; logger?: Logger }): SendMail {
  const { url, from, newId, logger } = options;
  if (new URL(url).protocol === 'file:') return fileSender({ folder: fileURLToPath(url), from, newId });
  const breaker = new Breaker({ ...BREAKER, judge: verdictOnSending, logger });
  const transport = createTransport(withStepTimeouts(url), {
    from,
    // A mail holds no address or file that a template could be made to load.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return (mail) => breaker.run(() => inTime(transport.sendMail({ ...mail, from })));
}

async function inTime(sending: Promise<unknown>): Promise<void> {
  const tooSlow = Promise.withResolvers<never>();
  const error = Object.assign(new Error('the mail server did not answer in time'), { code: 'ETIMEDOUT' });
  const timer = setTimeout(() => tooSlow.reject(error), TIMEOUT_MS);
  try {
    await Promise.race([sending, tooSlow.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function withStepTimeouts(url: string): string {
  const timed = new URL(url);
  for (const [step, ms] of Object.entries(STEP_TIMEOUTS)) {
    if (!timed.searchParams.has(step)) timed.searchParams.set(step, String(ms));
  }
  return timed.href;
}

function verdictOnSending(error: unknown): Verdict {
  return error instanceof Error && 'code' in error && NOT_REACHED.has(error.code) ? 'failed' : 'answered';
}

function fileSender({ folder, from, newId }: { folder: string; from: string; newId: NewId }): SendMail {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' }, { from });
  return async (mail) => {
    const { message } = await transport.sendMail({ ...mail, from });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = join(folder, `${newId()}.eml`);
    // A reader of the folder sees whole mails only.
    await writeFile(`${name}.part`, message as Buffer, { mode: 0o600 });
    await rename(`${name}.part`, name);
  };
}
