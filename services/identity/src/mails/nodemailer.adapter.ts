import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NewId } from '@dailydoco/lifecycle';
import { createTransport } from 'nodemailer';
import type { Mail } from './mail.js';

/** Hands a mail over; resolves once it is out of our hands, rejects when it is not. */
export type SendMail = (mail: Mail) => Promise<void>;

const TIMEOUT_MS = 15_000;

/** `smtp://…` or `smtps://…` sends; `file:///folder` writes each mail as a file there, for a local run. */
export function mailSender(options: { url: string; from: string; newId: NewId }): SendMail {
  const { url, from, newId } = options;
  if (new URL(url).protocol === 'file:') return fileSender({ folder: fileURLToPath(url), from, newId });
  const transport = createTransport(url, {
    from,
    // A mail holds no address or file that a template could be made to load.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async (mail) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const tooSlow = new Promise<never>((_, reject) =>
      timeout.addEventListener('abort', () => reject(new Error('the mail server did not answer in time')), {
        once: true,
      }),
    );
    await Promise.race([transport.sendMail({ ...mail, from }), tooSlow]);
  };
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
