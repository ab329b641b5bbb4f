/** A mail to one person, plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

interface Addressee {
  readonly email: string;
  readonly displayName: string;
}

/** Asks a person to confirm the address that registered. */
export function verificationMail({ email, displayName }: Addressee, token: string): Mail {
  return {
    to: email,
    subject: 'Please confirm your e-mail address',
    text: `Hello ${displayName},

please confirm that this address is yours. The code is good for 48 hours:

${token}

If you did not register, you need do nothing.
`,
  };
}

/** Gives a person who asked for it the way to a new password. */
export function passwordResetMail({ email, displayName }: Addressee, token: string): Mail {
  return {
    to: email,
    subject: 'Your new password',
    text: `Hello ${displayName},

somebody, probably you, asked to choose a new password. The code is good for one hour and works once:

${token}

If it was not you, you need do nothing: your password stays as it is.
`,
  };
}

/** Warns a person of a new way for their payouts; names no account, because mailboxes are read by others as well. */
export function payoutMethodMail(
  { email, displayName }: Addressee,
  { addedAt, heldUntil }: { addedAt: Date; heldUntil: Date | undefined },
): Mail {
  const receives =
    heldUntil === undefined
      ? 'It receives payouts from now on.'
      : `Because it is a change, it receives nothing before ${heldUntil.toISOString()}.`;
  return {
    to: email,
    subject: 'A payout method was added to your account',
    text: `Hello ${displayName},

a payout method was added to your account at ${addedAt.toISOString()}. ${receives}

If it was you, you need do nothing. If it was not: delete it, choose a new password, and tell those who pay you.
`,
  };
}

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;
/** A mail that could not be sent this often is given up; with growing pauses that takes about a day. */
export const MAX_ATTEMPTS = 12;

/** When an attempt that begins now counts as failed and is made again: 1, 2, 4 … minutes, at most 6 hours. */
export function nextAttemptAt(attempts: number, now: Date): Date {
  return new Date(now.getTime() + Math.min(FIRST_PAUSE_MS * 2 ** attempts, LONGEST_PAUSE_MS));
}
