import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mailDir } from './fleet.js';
import { soon } from './waiting.js';

export interface ReceivedMail {
  readonly file: string;
  readonly text: string;
  /** The secret that the mail carries: the longest run of characters that a token may have. */
  readonly code: string;
}

/** Mails to an address, oldest first: the names of the files are in order of time. */
export async function mailsTo(address: string): Promise<ReceivedMail[]> {
  const files = (await readdir(mailDir)).filter((name) => name.endsWith('.eml')).toSorted();
  const mails = await Promise.all(
    files.map(async (file) => ({ file, raw: await readFile(join(mailDir, file), 'utf8') })),
  );
  return mails.filter(({ raw }) => headerOf(raw, 'to').includes(address)).map(({ file, raw }) => received(file, raw));
}

/** Waits for a mail to the address beside those seen before. */
export function nextMailTo(address: string, seen: readonly ReceivedMail[] = []): Promise<ReceivedMail> {
  return soon(async () => {
    const mails = await mailsTo(address);
    const fresh = mails.find(({ file }) => !seen.some((mail) => mail.file === file));
    if (fresh === undefined) throw new Error(`no mail to ${address} among ${mails.length}`);
    return fresh;
  });
}

function received(file: string, raw: string): ReceivedMail {
  const text = decoded(raw);
  const code = [...text.matchAll(/[A-Za-z0-9_-]{24,}/g)].map(([run]) => run).toSorted((a, b) => b.length - a.length)[0];
  if (code === undefined) throw new Error(`the mail ${file} carries no code`);
  return { file, text, code };
}

function headerOf(raw: string, name: string): string {
  const head = raw.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
  return new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(unfolded)?.[1] ?? '';
}

function decoded(raw: string): string {
  const body = raw.slice(/\r?\n\r?\n/.exec(raw)?.index ?? 0).trim();
  switch (headerOf(raw, 'content-transfer-encoding').toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString('utf8');
    case 'quoted-printable': {
      const bytes = body
        .replaceAll(/=\r?\n/g, '')
        .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    }
    default:
      return body;
  }
}
