import { verifyStatement } from '@dailydoco/transparency';
import { type Api, ApiError } from './api.js';
import { until } from './demo-until.js';
import type { Registered } from './demo-world.js';

/** The part of the story about money that was paid out already, and about a partner who believes nobody. */
export interface ProofPart {
  readonly api: Api;
  readonly run: string;
  readonly partner: Registered;
  readonly buyer: Registered;
  readonly ownerToken: string;
  readonly apiKey: string;
  readonly say: (text: string) => void;
}

interface Amount {
  readonly amount: string;
  readonly currency: string;
}

interface Sold {
  readonly id: string;
}

const PRICE = { amount: '40.00', currency: 'USD' } as const;

/** A commission is released, paid out and then taken back by a refund. */
export async function refundAfterPayout({ api, run, partner, buyer, ...by }: ProofPart): Promise<void> {
  const { ownerToken, apiKey, say } = by;
  const token = partner.tokens.accessToken;
  await api.post('/v1/plans', atOncePlan(), { token: ownerToken });
  const sold = await api.post<Sold>(
    '/v1/purchases',
    { externalId: `demo-${run}-workshop`, buyerId: buyer.user.id, amount: PRICE, stream: 'workshop' },
    { token: apiKey },
  );
  await until('the release', async () => (await availableOf(api, token)) === '8.00');
  const method = await api.post<{ id: string }>('/v1/payout-methods', { kind: 'sandbox', details: {} }, { token });
  const payout = await api.post<{ id: string }>(
    '/v1/payouts',
    { amount: { amount: '8.00', currency: 'USD' }, methodId: method.id },
    { token },
  );
  await until('the payout', async () => {
    const { status } = await api.get<{ status: string }>(`/v1/payouts/${payout.id}`, { token });
    return status === 'settled';
  });
  say(`8. A workshop has no hold: ${partner.user.displayName} gets 8.00 for it and has them paid out at once.`);
  await api.post(
    `/v1/purchases/${sold.id}/refunds`,
    { externalId: `demo-${run}-refund`, reason: 'requested' },
    { token: apiKey },
  );
  await until('the refund', async () => (await availableOf(api, token)) === '-8.00');
  say(
    '9. Then the customer gets the money back. Nothing is lost or hidden: the balance is -8.00 until it is earned again.',
  );
}

/** What the next ones up get as well is nobody's matter here: a single level, and money at once. */
function atOncePlan(): object {
  return {
    id: 'at-once',
    levelsBps: [2000],
    websiteBonusBps: 0,
    maxPayoutBps: 7000,
    compression: 'none',
    holdDays: 0,
    recurring: 'all',
    streams: ['workshop'],
  };
}

async function availableOf(api: Api, token: string): Promise<string> {
  const { balances } = await api.get<{ balances: { currency: string; available: Amount }[] }>('/v1/balances/me', {
    token,
  });
  return balances.find(({ currency }) => currency === PRICE.currency)?.available.amount ?? '0.00';
}

/** The partner takes the statement and verifies it with nothing but the log's key; then with one digit changed. */
export async function verifyOwnStatement({ api, partner, say }: ProofPart): Promise<void> {
  const token = partner.tokens.accessToken;
  // Entry, workshop, release, refund.
  const leaves = 4;
  let statement = '';
  await until('the transparency log', async () => {
    // Until the first leaf is in it the person has no statement.
    const answer = await api.getText('/v1/transparency/statement', { token }).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
    if (answer === undefined) return false;
    statement = answer;
    const { ordinals } = JSON.parse(statement) as { ordinals: { last: number } };
    return ordinals.last === leaves;
  });
  const { vkey } = await api.get<{ vkey: string }>('/v1/transparency/logs/me', { token });
  const report = verifyStatement(Buffer.from(statement), { keys: [vkey] });
  if (!report.ok) throw new Error(`the statement does not verify: ${JSON.stringify(report.findings)}`);
  say(
    `10. ${partner.user.displayName} trusts nobody and verifies the own statement, offline: ${report.checked.entries} commissions and ${report.checked.changes} changes are in the signed tree of ${report.checkpoint?.size} leaves, none is missing, every amount is what its numbers give.`,
  );
  const edited = Buffer.from(statement.replace('"gross":"8000000"', '"gross":"9000000"'));
  const [found] = verifyStatement(edited, { keys: [vkey] }).findings;
  if (found === undefined) throw new Error('an edited statement verified');
  say(`    With one digit changed: ${found.code}.\n`);
}
