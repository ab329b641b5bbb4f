import { type Api, ApiError } from './api.js';
import { type CreditTransfers, readCreditTransfers, statementFor } from './demo-statement.js';
import { mustBe, until } from './demo-until.js';
import type { Registered } from './demo-world.js';

/** The part of the story about a partner with a bank account, a file for the bank, and the bank's statement. */
export interface BankPart {
  readonly api: Api;
  readonly run: string;
  readonly partner: Registered;
  readonly buyer: Registered;
  /** Of somebody who includes finance, and is neither of the two. */
  readonly ownerToken: string;
  readonly apiKey: string;
  readonly say: (text: string) => void;
}

interface Amount {
  readonly amount: string;
  readonly currency: string;
}

interface Payout {
  readonly id: string;
  readonly status: string;
  readonly batchId?: string;
  readonly findings?: readonly { readonly code: string }[];
}

interface BankFile {
  readonly id: string;
  readonly status: string;
  readonly lines: number;
  readonly unmatchedLines: number;
  readonly facts: { readonly total: number; readonly recorded: number };
  readonly warnings: readonly { readonly code: string }[];
}

const [EARNED, APPROVED_ABOVE, OPENING] = ['24.00', '20.00', '1000.00'];
const euro = (amount: string): Amount => ({ amount, currency: 'EUR' });
const DAY_MS = 86_400_000;
/** The example of France in the registry of IBANs: well formed, and nobody's account. */
const IBAN = 'FR14 2004 1010 0505 0001 3M02 606';

/** A commission reaches a bank account, and the ledger, the bank and the report of the comparison agree about it. */
export async function payBySepaFile(part: BankPart): Promise<void> {
  await earnEuros(part);
  const payout = await askForPayout(part, await addAccount(part));
  const file = await handToBank(part, payout);
  await bringStatement(part, { payout, file });
  await reconcile(part);
  await showAccount(part);
}

async function earnEuros(part: BankPart): Promise<void> {
  const { api, run, partner, buyer, ownerToken, apiKey, say } = part;
  await api.post('/v1/plans', coursePlan(), { token: ownerToken });
  const bought = await api.post<{ commissions: { id: string; beneficiaryId: string; amount: Amount }[] }>(
    '/v1/purchases',
    { externalId: `demo-${run}-course`, buyerId: buyer.user.id, amount: euro('120.00'), stream: 'course' },
    { token: apiKey },
  );
  const earned = bought.commissions.map(({ beneficiaryId, amount }) => ({ beneficiaryId, amount }));
  mustBe('the commission', earned, [{ beneficiaryId: partner.user.id, amount: euro(EARNED) }]);
  await balanceBecomes(part, { pending: EARNED, available: '0.00' });
  const reason = 'the course was given today';
  await api.post(`/v1/commissions/${bought.commissions[0]?.id}/release`, { reason }, { token: ownerToken });
  await balanceBecomes(part, { pending: '0.00', available: EARNED });
  say(
    `11. ${buyer.user.displayName} books a course for 120.00 EUR. ${partner.user.displayName}’s ${EARNED} are pending for 14 days; finance releases them sooner: “${reason}”.`,
  );
}

function coursePlan(): object {
  return {
    id: 'course',
    levelsBps: [2000],
    websiteBonusBps: 0,
    maxPayoutBps: 7000,
    compression: 'none',
    holdDays: 14,
    recurring: 'all',
    streams: ['course'],
  };
}

/** Returns the method's id. */
async function addAccount({ api, partner, say }: BankPart): Promise<string> {
  const { accessToken: token } = partner.tokens;
  const name = partner.user.displayName;
  const added = await api.post<{ id: string; status: string; masked: string }>(
    '/v1/payout-methods',
    { kind: 'sepa', details: { name, iban: IBAN } },
    { token },
  );
  mustBe('the first method', [added.status, added.masked], ['active', 'FR•• •••• 2606']);
  const shown = await api.getText('/v1/payout-methods', { token });
  if (shown.includes(IBAN.replaceAll(' ', ''))) throw new Error('the IBAN is shown in the clear');
  say(`12. ${name} gives an IBAN, which is kept sealed: from now on all that is shown of it is ${added.masked}.`);
  return added.id;
}

/** A payout that finance has approved. */
async function askForPayout(part: BankPart, methodId: string): Promise<Payout> {
  const { api, partner, ownerToken, say } = part;
  await api.put(
    '/v1/payout-policy',
    { minimums: [], approvalsAbove: [euro(APPROVED_ABOVE)], reason: 'four eyes on what is not small' },
    { token: ownerToken },
  );
  const { accessToken: token } = partner.tokens;
  const asked = await api.post<Payout>('/v1/payouts', { amount: euro(EARNED), methodId }, { token });
  const screened = await payoutBecomes(part, asked, 'screened');
  mustBe('what speaks against the payout', screened.findings, []);
  await api.post(`/v1/payouts/${asked.id}/approve`, { reason: 'seen the course' }, { token: ownerToken });
  say(
    `13. ${partner.user.displayName} asks for ${EARNED} EUR. Screening, risk and tax find nothing; above ${APPROVED_ABOVE} a second person must approve, and finance does.`,
  );
  return asked;
}

/** Returns what the file says that the bank is to pay. */
async function handToBank(part: BankPart, payout: Payout): Promise<CreditTransfers> {
  const { api, ownerToken: token, say } = part;
  const { batchId } = await payoutBecomes(part, payout, 'submitted');
  const text = await api.getText(`/v1/payout-batches/${batchId}/file`, { token });
  const file = readCreditTransfers(text);
  mustBe(
    'the payment in the file',
    [file.sum, ...file.payments],
    [
      EARNED,
      {
        endToEndId: payout.id.replaceAll('-', ''),
        amount: EARNED,
        currency: 'EUR',
        iban: IBAN.replaceAll(' ', ''),
      },
    ],
  );
  await api.post(`/v1/payout-batches/${batchId}/sent`, undefined, { token });
  say('14. The payout leaves in a file that finance takes to the bank, a pain.001.001.09:');
  const shown = [/<MsgId>.*?<\/MsgId>/, /<CtrlSum>.*?<\/CtrlSum>/, /<PmtId>.*?<\/Amt>/, /<CdtrAcct>.*?<\/CdtrAcct>/];
  for (const each of shown) say(`      ${each.exec(text)?.[0]}`);
  return file;
}

/** The bank has paid, and says so; what it says again moves nothing. */
async function bringStatement(
  part: BankPart,
  { payout, file }: { payout: Payout; file: CreditTransfers },
): Promise<void> {
  const { api, run, ownerToken: token, say } = part;
  const given = { opening: OPENING, day: new Date().toISOString().slice(0, 10) };
  const statement = statementFor(file, { messageId: `BANK-${run}-1`, ...given });
  const told = await bring(part, statement);
  mustBe(
    'what the bank’s statement did',
    [told.lines, told.unmatchedLines, told.facts.recorded, told.warnings],
    [1, 0, 1, []],
  );
  await payoutBecomes(part, payout, 'settled');
  await balanceBecomes(part, { available: '0.00', inTransit: '0.00', paid: EARNED });
  say(
    `15. The bank’s statement (camt.053) has a debit of ${EARNED} EUR with this EndToEndId: the payout is settled, and cash has left.`,
  );
  const before = await trialBalance(part);
  const again = await api.upload('/v1/bank-files', { text: statement, type: 'application/xml' }, { token }).then(
    () => 'taken',
    (error: unknown) => codeOf(error),
  );
  const repeated = await bring(part, statementFor(file, { messageId: `BANK-${run}-2`, ...given }));
  mustBe(
    'what the same statement did again',
    [again, repeated.facts.total, repeated.warnings.map(({ code }) => code)],
    ['FILE_IMPORTED', 0, ['statement_repeated']],
  );
  mustBe('the trial balance', await trialBalance(part), before);
  say('    The same file once more: FILE_IMPORTED. The same statement in another file: statement_repeated, 0 facts.');
}

async function bring({ api, ownerToken: token }: BankPart, text: string): Promise<BankFile> {
  const { id } = await api.upload<BankFile>('/v1/bank-files', { text, type: 'application/xml' }, { token });
  let file: BankFile | undefined;
  await until('the end of the bank’s file', async () => {
    file = await api.get<BankFile>(`/v1/bank-files/${id}`, { token });
    return file.status === 'reported';
  });
  if (file === undefined) throw new Error('the bank’s file is gone');
  return file;
}

interface Run {
  readonly outcome: string;
  readonly breaks: number;
  readonly purchasesCompared: number;
  readonly startedAt: string;
}

/** Has the books compared with viral-engine, rails and bank, and prints the report of the last day that is over. */
async function reconcile({ api, ownerToken: token, say }: BankPart): Promise<void> {
  const { askedAt } = await api.post<{ askedAt: string }>('/v1/reconciliation/runs', undefined, { token });
  const found: Run[] = [];
  await until('the comparison of the books', async () => {
    const { items } = await api.get<{ items: Run[] }>('/v1/reconciliation/runs', { token });
    found.push(...items.filter(({ startedAt }) => startedAt >= askedAt));
    return found.length > 0;
  });
  const [run] = found;
  if (run === undefined) throw new Error('the comparison of the books is gone');
  mustBe('the comparison of the books', [run.outcome, run.breaks], ['balanced', 0]);
  say(
    `16. The books are compared with ${run.purchasesCompared} purchases of viral-engine, with what the rails said and with the bank’s statement: ${run.outcome}.`,
  );
  const day = lastDayBefore(run.startedAt);
  await api.post('/v1/reconciliation/reports', { day }, { token });
  const report = await api.getText(`/v1/reconciliation/reports/${day}?format=text`, { token });
  if (!report.includes('\nBALANCED\n')) throw new Error(`the report of ${day} does not say balanced:\n${report}`);
  say(`    The report of the last day that is over (today’s comes after midnight, UTC):\n\n${indented(report)}`);
}

/** The last day that can be told at this time: it was over 15 minutes before, in UTC. */
function lastDayBefore(time: string): string {
  const settled = new Date(time).getTime() - 15 * 60_000;
  return new Date(settled - DAY_MS).toISOString().slice(0, 10);
}

/** What the partner sees in the end: the lines of the account, and where they lead. */
async function showAccount(part: BankPart): Promise<void> {
  const { api, partner, say } = part;
  const { accessToken: token } = partner.tokens;
  const { paid, available, accounts } = await balanceOf(part);
  const { items } = await api.get<{ items: { amount: Amount; balance: Amount; cause: { event: string } }[] }>(
    `/v1/ledger/accounts/${accounts.available}/statement`,
    { token },
  );
  const lines = items.map(({ amount, balance, cause }) => [cause.event, amount.amount, balance.amount]);
  say(`17. ${partner.user.displayName}’s statement, newest first:`);
  for (const [event = '', amount = '', balance = ''] of lines)
    say(`      ${event.padEnd(22)}${amount.padStart(8)}   then ${balance}`);
  mustBe('the last line of the statement', lines[0]?.slice(1), [`-${EARNED}`, '0.00']);
  say(`    Paid in all: ${paid.amount} EUR; available: ${available.amount}.\n`);
}

interface Balance {
  readonly currency: string;
  readonly pending: Amount;
  readonly available: Amount;
  readonly inTransit: Amount;
  readonly paid: Amount;
  readonly accounts: { readonly available?: string };
}

async function balanceOf({ api, partner }: BankPart): Promise<Balance> {
  const zero = euro('0.00');
  const none: Balance = { ...euro(''), pending: zero, available: zero, inTransit: zero, paid: zero, accounts: {} };
  const { balances } = await api.get<{ balances: Balance[] }>('/v1/balances/me', {
    token: partner.tokens.accessToken,
  });
  return balances.find(({ currency }) => currency === 'EUR') ?? none;
}

type Expected = Partial<Record<'pending' | 'available' | 'inTransit' | 'paid', string>>;

async function balanceBecomes(part: BankPart, expected: Expected): Promise<void> {
  await until(`the balance ${JSON.stringify(expected)}`, async () => {
    const balance = await balanceOf(part);
    return Object.entries(expected).every(([name, amount]) => balance[name as keyof Expected].amount === amount);
  });
}

/** As finance sees it. */
async function payoutBecomes({ api, ownerToken: token }: BankPart, { id }: Payout, status: string): Promise<Payout> {
  let payout: Payout | undefined;
  await until(`the payout’s status ${status}`, async () => {
    payout = await api.get<Payout>(`/v1/payouts/${id}`, { token });
    const { status: is, findings = [] } = payout;
    if (is === 'failed' || findings.length > 0) throw new Error(`the payout is ${is}: ${JSON.stringify(payout)}`);
    return is === status;
  });
  if (payout === undefined) throw new Error('the payout is gone');
  return payout;
}

async function trialBalance({ api, ownerToken: token }: BankPart): Promise<string> {
  return api.getText('/v1/ledger/trial-balance', { token });
}

function codeOf(error: unknown): string {
  if (!(error instanceof ApiError)) throw error;
  return (JSON.parse(error.body) as { code: string }).code;
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `      ${line}`))
    .join('\n')
    .concat('\n');
}
