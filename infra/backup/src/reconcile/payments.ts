import { readFileSync } from 'node:fs';
import { StartError } from '@dailydoco/local';
import { parseDecimal } from '@dailydoco/money';
import { z } from 'zod';
import type { Snapshot } from './snapshot.js';
import { type Compared, Tally } from './tally.js';

/** A payment that the rail made. */
export interface Payment {
  /** The payout's id, under which the rail was asked. */
  readonly reference: string;
  readonly micros: bigint;
  readonly currency: string;
  readonly at: Date;
}

const lineSchema = z.object({
  reference: z.uuid().toLowerCase(),
  amount: z.string().transform((text, issue) => {
    const micros = parseDecimal(text);
    if (micros === undefined) issue.addIssue({ code: 'custom', message: 'is no amount such as "12.50"' });
    return micros ?? 0n;
  }),
  currency: z.string().length(3),
  paidAt: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
});

/** A rail's statement: one JSON object a line, `{"reference","amount","currency","paidAt"}`. Throws StartError by line. */
export function readStatement(file: string): Payment[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index): Payment[] => {
      if (line.trim() === '') return [];
      const parsed = lineSchema.safeParse(jsonOf(line));
      if (!parsed.success)
        throw new StartError(`Line ${index + 1} of ${file} cannot be read.`, {
          why: parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '),
          todo: 'write one line for each payment: {"reference":"<payout id>","amount":"12.50","currency":"USD","paidAt":"2026-01-31T12:00:00Z"}',
        });
      const { reference, amount, currency, paidAt } = parsed.data;
      return [{ reference, micros: amount, currency, at: paidAt }];
    });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What the sandbox rail remembers to have paid: it keeps its memory beside the ledger, apart from it. */
export async function sandboxPayments(ledger: Snapshot): Promise<Payment[]> {
  const rows = await ledger.query<{ reference: string; micros: string; currency: string; at: Date }>(
    `SELECT reference, amount_micros::text AS micros, currency, first_asked_at AS at FROM sandbox_payment
     WHERE outcome IN ('settled', 'returned') ORDER BY reference`,
  );
  return rows.map(({ micros, ...row }) => ({ ...row, micros: BigInt(micros) }));
}

interface BookedPayout {
  readonly id: string;
  readonly status: string;
  readonly micros: string;
  readonly currency: string;
  readonly changed_at: Date;
  readonly [column: string]: unknown;
}

/**
 * The rail's payments beside the ledger's payouts. One that the ledger still has on its way is asked about again under the
 * same reference, and so is no difference. `complete` says that the payments are all there ever were; else only payments
 * unknown to the ledger are looked for.
 */
export async function comparePayments(
  ledger: Snapshot,
  { payments, complete }: { payments: readonly Payment[]; complete: boolean },
): Promise<Compared> {
  const unbooked = new Tally({ kind: 'payment-not-booked', knownTo: 'rail', unknownTo: 'payouts' });
  const unpaid = new Tally({ kind: 'payout-unknown-to-rail', knownTo: 'payouts', unknownTo: 'rail' });
  const byReference = new Map(payments.map((payment) => [payment.reference, payment]));
  const booked = new Set<string>();
  let inFlight = 0;
  for await (const payout of ledger.stream<BookedPayout>(
    'SELECT id, status, amount_micros::text AS micros, currency, changed_at FROM payout ORDER BY id',
  )) {
    const { id, status, currency, changed_at: at } = payout;
    const isPaid = status === 'settled' || status === 'returned';
    if (byReference.has(id) && status !== 'failed' && status !== 'cancelled') {
      booked.add(id);
      if (!isPaid) inFlight += 1;
    }
    if (complete && isPaid && !byReference.has(id))
      unpaid.add({ id, at, money: { micros: BigInt(payout.micros), currency } });
  }
  for (const payment of payments) {
    if (!booked.has(payment.reference)) unbooked.add({ id: payment.reference, at: payment.at, money: payment });
  }
  return { differences: [unbooked, unpaid].flatMap((tally) => tally.differences()), inFlight };
}
