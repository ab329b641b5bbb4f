import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import Stripe from 'stripe';
import type { RailReport } from '../rail.js';
import { ReceiveStripeEvent } from './receive-stripe-event.js';
import { openTransferEvent } from './stripe-event.codec.js';

const SECRET = 'whsec_spec_of_the_rail';
const LOOK_AGAIN_MS = 30 * 86_400_000;
const NOW = new Date('2026-11-21T12:00:00Z');
const [TENANT, PAYOUT] = ['0190aaaa-0000-7000-8000-000000000001', '0190aaaa-0000-7000-8000-00000000000a'];

const transfer = (other: Record<string, unknown> = {}) => ({
  id: 'tr_1MiN3gLkdIwHu7ixNCZvFdgA',
  object: 'transfer',
  amount: 3_000,
  amount_reversed: 0,
  created: 1_795_000_000,
  currency: 'usd',
  destination: 'acct_1MTfjCQ9PRzxEwkZ',
  metadata: { payout_id: PAYOUT, tenant_id: TENANT },
  reversed: false,
  transfer_group: PAYOUT,
  ...other,
});

const event = (object: object, type = 'transfer.created') => ({
  id: 'evt_1',
  object: 'event',
  type,
  created: 1_795_000_000,
  data: { object },
});

function signed(body: object, { at = NOW, secret = SECRET } = {}) {
  const payload = JSON.stringify(body, null, 2);
  const timestamp = Math.floor(at.getTime() / 1_000);
  return {
    body: Buffer.from(payload),
    signature: Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }),
  };
}

const open = (body: object, given?: { at?: Date; secret?: string }) =>
  openTransferEvent(signed(body, given), { secret: SECRET, now: NOW, lookAgainMs: LOOK_AGAIN_MS });

const reasonOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof DomainError ? error.reason : String(error);
  }
};

describe('An event of a transfer', () => {
  it('is a report of the payout that its metadata name', () => {
    expect(open(event(transfer()))).toEqual({
      tenantId: TENANT,
      rail: 'stripe',
      reportId: 'evt_1',
      reference: PAYOUT,
      answer: {
        state: 'settled',
        reason: undefined,
        askAgainAfterMs: 1_795_000_000_000 + LOOK_AGAIN_MS - NOW.getTime(),
        railReference: 'tr_1MiN3gLkdIwHu7ixNCZvFdgA',
      },
      amountMicros: 30_000_000n,
      currency: 'USD',
      occurredAt: new Date(1_795_000_000_000),
    });
  });

  it.each([
    ['taken back whole', { amount_reversed: 3_000, reversed: true }, 'returned', 30_000_000n],
    // Less was paid than the payout says: reports of another amount are breaks.
    ['taken back in part', { amount_reversed: 1_000, reversed: false }, 'settled', 20_000_000n],
  ])('%s tells so', (_, other, state, amountMicros) => {
    expect(open(event(transfer(other), 'transfer.reversed'))).toMatchObject({ answer: { state }, amountMicros });
  });

  it.each([
    ['a payout of the connected account itself', event({ id: 'po_1', object: 'payout' }, 'payout.failed')],
    ['a transfer that a connected account made', { ...event(transfer()), account: 'acct_1MTfjCQ9PRzxEwkZ' }],
    ['a transfer that is not ours', event(transfer({ metadata: {} }))],
    ['a transfer whose payout is no id', event(transfer({ metadata: { payout_id: 'ORDER_95', tenant_id: TENANT } }))],
  ])('of %s tells nothing', (_, body) => {
    expect(open(body)).toBeUndefined();
  });

  it('is refused with a wrong secret, other bytes, or a signature of more than five minutes ago', () => {
    const ago = (seconds: number) => ({ at: new Date(NOW.getTime() - seconds * 1_000) });
    expect(reasonOf(() => open(event(transfer()), { secret: 'whsec_another_one' }))).toBe('SIGNATURE_INVALID');
    expect(reasonOf(() => open(event(transfer()), ago(301)))).toBe('SIGNATURE_INVALID');
    expect(reasonOf(() => open(event(transfer()), ago(300)))).toBe('none');
    const { body, signature } = signed(event(transfer()));
    const other = Buffer.from(body.toString().replace('3000', '9000'));
    expect(
      reasonOf(() =>
        openTransferEvent({ body: other, signature }, { secret: SECRET, now: NOW, lookAgainMs: LOOK_AGAIN_MS }),
      ),
    ).toBe('SIGNATURE_INVALID');
  });

  it.each([
    ['currency', { currency: 'xxx' }],
    ['amount', { amount: 30.5 }],
    ['reversed', { reversed: 'no' }],
  ])('that is signed and whose %s cannot be read is refused', (_, other) => {
    expect(reasonOf(() => open(event(transfer(other))))).toBe('VALIDATION_FAILED');
  });
});

describe('Who receives events', () => {
  const receiver = (secret: string | undefined, known: Set<string> = new Set()) => {
    const reports: RailReport[] = [];
    const receiveReport = (report: RailReport) => {
      const isNew = !known.has(report.reportId);
      known.add(report.reportId);
      if (isNew) reports.push(report);
      return Promise.resolve(isNew);
    };
    const receive = new ReceiveStripeEvent({
      secret,
      open: (payload, given) => openTransferEvent(payload, { ...given, lookAgainMs: LOOK_AGAIN_MS }),
      receiveReport,
      clock: { now: () => NOW },
    });
    return { receive, reports };
  };

  it('hands a report on once, tells a replay from a first delivery, and passes over what is not ours', async () => {
    const { receive, reports } = receiver(SECRET);
    const payload = signed(event(transfer()));
    expect(await receive.receive(payload)).toEqual({ duplicate: false, ignored: false });
    expect(await receive.receive(payload)).toEqual({ duplicate: true, ignored: false });
    expect(await receive.receive(signed(event({}, 'payout.failed')))).toEqual({ duplicate: false, ignored: true });
    expect(reports).toHaveLength(1);
  });

  it('takes nothing where there is no secret', async () => {
    await expect(receiver(undefined).receive.receive(signed(event(transfer())))).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    });
  });
});
