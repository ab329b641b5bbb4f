/** A small bank: it says what became of payments, in the messages that banks send. */

export interface ReportedPayment {
  readonly reference: string;
  readonly status: string;
  readonly reason?: string;
  readonly amount?: string;
}

interface StatusReportParts {
  readonly version?: '03' | '12';
  readonly messageId?: string;
  /** Of the pain.001. */
  readonly batch: string;
  readonly groupStatus?: string;
  readonly batchStatus?: string;
  readonly reason?: string;
  readonly payments?: readonly ReportedPayment[];
}

export interface BankEntry {
  readonly amount: string;
  readonly sign: 'CRDT' | 'DBIT';
  readonly reference?: string;
  /** Reason code of a return. */
  readonly returned?: string;
  /** Parts of a batch booking. */
  readonly parts?: readonly Omit<BankEntry, 'parts' | 'sign'>[];
  /** Books a batch as one. */
  readonly batch?: string;
  readonly status?: 'BOOK' | 'PDNG';
  readonly reversal?: boolean;
  readonly subFamily?: string;
}

export interface BankStatementParts {
  readonly id: string;
  readonly messageId?: string;
  readonly iban?: string;
  readonly currency?: string;
  readonly opening: string;
  /** What the entries lead to, unless told. */
  readonly closing?: string;
  readonly day?: string;
  readonly entries: readonly BankEntry[];
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
export const BANK_DAY = '2026-11-23';

export function statusReport(parts: StatusReportParts): string {
  const { version = '12', messageId = 'STS-1', batch, groupStatus, batchStatus, reason, payments = [] } = parts;
  const why = (code: string | undefined): string =>
    code === undefined ? '' : `<StsRsnInf><Rsn><Cd>${code}</Cd></Rsn></StsRsnInf>`;
  const transactions = payments.map(
    (payment) =>
      `<TxInfAndSts><OrgnlEndToEndId>${payment.reference}</OrgnlEndToEndId><TxSts>${payment.status}</TxSts>${why(payment.reason)}${
        payment.amount === undefined
          ? ''
          : `<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">${payment.amount}</InstdAmt></Amt></OrgnlTxRef>`
      }</TxInfAndSts>`,
  );
  const information =
    batchStatus === undefined && transactions.length === 0
      ? ''
      : `<OrgnlPmtInfAndSts><OrgnlPmtInfId>${batch}</OrgnlPmtInfId>${
          batchStatus === undefined ? '' : `<PmtInfSts>${batchStatus}</PmtInfSts>${why(reason)}`
        }${transactions.join('\n')}</OrgnlPmtInfAndSts>`;
  const group = groupStatus === undefined ? '' : `<GrpSts>${groupStatus}</GrpSts>${why(reason)}`;
  return `${HEAD}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.${version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>${messageId}</MsgId><CreDtTm>${BANK_DAY}T09:00:00+01:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>${batch}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>${group}</OrgnlGrpInfAndSts>
${information}
</CstmrPmtStsRpt></Document>
`;
}

export function accountStatement(...statements: readonly BankStatementParts[]): string {
  const [first] = statements;
  return `${HEAD}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>${first?.messageId ?? 'CAMT-1'}</MsgId><CreDtTm>${BANK_DAY}T20:00:00Z</CreDtTm></GrpHdr>
${statements.map(statementOf).join('\n')}
</BkToCstmrStmt></Document>
`;
}

function statementOf(parts: BankStatementParts): string {
  const { id, iban = 'DE89370400440532013000', currency = 'EUR', opening, day = BANK_DAY, entries } = parts;
  const booked = entries.filter(({ status }) => status !== 'PDNG');
  const closing = parts.closing ?? centsText(booked.reduce((sum, entry) => sum + signed(entry), centsOf(opening)));
  const balance = (code: string, amount: string): string =>
    `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="${currency}">${amount.replace('-', '')}</Amt><CdtDbtInd>${
      amount.startsWith('-') ? 'DBIT' : 'CRDT'
    }</CdtDbtInd><Dt><Dt>${day}</Dt></Dt></Bal>`;
  return `<Stmt><Id>${id}</Id><CreDtTm>${day}T20:00:00Z</CreDtTm><Acct><Id><IBAN>${iban}</IBAN></Id></Acct>
${balance('OPBD', opening)}${balance('CLBD', closing)}
${entries.map((entry, n) => entryOf(entry, { currency, day, n })).join('\n')}
</Stmt>`;
}

function entryOf(entry: BankEntry, { currency, day, n }: { currency: string; day: string; n: number }): string {
  const { amount, sign, status = 'BOOK', reversal, subFamily, parts, batch } = entry;
  const details = (parts ?? (entry.reference === undefined && entry.returned === undefined ? [] : [entry])).map(
    (part) => detailOf(part, { sign, currency }),
  );
  const whole = batch === undefined ? '' : `<Btch><PmtInfId>${batch}</PmtInfId></Btch>`;
  return [
    `<Ntry><Amt Ccy="${currency}">${amount}</Amt><CdtDbtInd>${sign}</CdtDbtInd>`,
    reversal === true ? '<RvslInd>true</RvslInd>' : '',
    `<Sts><Cd>${status}</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><ValDt><Dt>${day}</Dt></ValDt>`,
    `<AcctSvcrRef>REF-${day}-${n}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>${sign === 'DBIT' ? 'ICDT' : 'RCDT'}</Cd>`,
    `<SubFmlyCd>${subFamily ?? 'ESCT'}</SubFmlyCd></Fmly></Domn></BkTxCd>`,
    whole === '' && details.length === 0 ? '' : `<NtryDtls>${whole}${details.join('')}</NtryDtls>`,
    '</Ntry>',
  ].join('');
}

function detailOf(
  { amount, reference, returned }: Omit<BankEntry, 'parts' | 'sign'>,
  { sign, currency }: { sign: string; currency: string },
): string {
  const party = sign === 'DBIT' ? 'CdtrAcct' : 'DbtrAcct';
  return [
    `<TxDtls><Refs><EndToEndId>${reference ?? 'NOTPROVIDED'}</EndToEndId></Refs><Amt Ccy="${currency}">${amount}</Amt>`,
    `<CdtDbtInd>${sign}</CdtDbtInd>`,
    `<RltdPties><${party}><Id><IBAN>FR1420041010050500013M02606</IBAN></Id></${party}></RltdPties>`,
    returned === undefined ? '' : `<RtrInf><Rsn><Cd>${returned}</Cd></Rsn></RtrInf>`,
    '</TxDtls>',
  ].join('');
}

const signed = ({ amount, sign }: BankEntry): bigint => centsOf(amount) * (sign === 'CRDT' ? 1n : -1n);

function centsOf(amount: string): bigint {
  const [units = '0', fraction = ''] = amount.replace('-', '').split('.');
  const cents = BigInt(units) * 100n + BigInt(fraction.padEnd(2, '0'));
  return amount.startsWith('-') ? -cents : cents;
}

function centsText(cents: bigint): string {
  const absolute = cents < 0n ? -cents : cents;
  return `${cents < 0n ? '-' : ''}${absolute / 100n}.${String(absolute % 100n).padStart(2, '0')}`;
}

/** What the receiving banks send back of a Nacha file: the entries named, with their codes. */
export function nachaReturns(sent: string, back: ReadonlyMap<string, string>): string {
  const lines = sent.split('\n');
  const [header = '', given = ''] = lines;
  const rdfi = '09100001';
  const batch = `${given.slice(0, 79)}${rdfi}${given.slice(87)}`;
  const entries = lines.filter((line) => line.startsWith('6'));
  const records: string[] = [];
  let [hash, credit] = [0n, 0n];
  for (const entry of entries) {
    const code = back.get(entry.slice(39, 54));
    if (code === undefined) continue;
    const isReturn = code.startsWith('R');
    const cents = isReturn ? entry.slice(29, 39) : '0000000000';
    hash += BigInt(entry.slice(3, 11));
    credit += BigInt(cents);
    const trace = `${rdfi}${String(records.length + 1).padStart(7, '0')}`;
    records.push(`621${entry.slice(3, 29)}${cents}${entry.slice(39, 78)}1${trace}`);
    records.push(
      `7${isReturn ? '99' : '98'}${code}${entry.slice(79, 94)}      ${entry.slice(3, 11)}${(isReturn ? '' : '1918171614').padEnd(44)}${trace}`,
    );
  }
  const sums = (width: number): string =>
    `${String(records.length).padStart(width, '0')}${String(hash % 10n ** 10n).padStart(10, '0')}${'0'.repeat(12)}${String(credit).padStart(12, '0')}`;
  const control = `8${batch.slice(1, 4)}${sums(6)}${batch.slice(40, 50)}${' '.repeat(25)}${batch.slice(79, 94)}`;
  const all = [header, batch, ...records, control];
  const blocks = Math.ceil((all.length + 1) / 10);
  all.push(`9000001${String(blocks).padStart(6, '0')}${sums(8)}${' '.repeat(39)}`);
  while (all.length % 10 !== 0) all.push('9'.repeat(94));
  return `${all.join('\n')}\n`;
}
