import { formatDecimal, parseDecimal } from '@dailydoco/money';

/** What a bank reads in a pain.001: whose account pays what to whom. */
export interface CreditTransfers {
  readonly messageId: string;
  readonly debtorIban: string;
  readonly sum: string;
  readonly payments: readonly {
    readonly endToEndId: string;
    readonly amount: string;
    readonly currency: string;
    readonly iban: string;
  }[];
}

/** Reads the file as the bank of the story does; throws when its own count or sum is not that of its payments. */
export function readCreditTransfers(file: string): CreditTransfers {
  const payments = [...file.matchAll(/<CdtTrfTxInf>.*?<\/CdtTrfTxInf>/gs)].map(([text]) => ({
    endToEndId: textOf(text, 'EndToEndId'),
    amount: textOf(text, 'InstdAmt'),
    currency: /<InstdAmt Ccy="([A-Z]{3})">/.exec(text)?.[1] ?? '',
    iban: textOf(text, 'IBAN'),
  }));
  const read = { messageId: textOf(file, 'MsgId'), debtorIban: textOf(file, 'IBAN'), sum: textOf(file, 'CtrlSum') };
  const sum = payments.reduce((total, { amount }) => total + microsOf(amount), 0n);
  if (String(payments.length) !== textOf(file, 'NbOfTxs') || sum !== microsOf(read.sum))
    throw new Error(`the file pays ${payments.length} times, ${formatDecimal(sum)} in all, and says something else`);
  return { ...read, payments };
}

export interface StatementOptions {
  /** The bank's own name of the message, which is not that of the statement in it. */
  readonly messageId: string;
  readonly opening: string;
  /** A day in UTC. */
  readonly day: string;
}

/** The camt.053 of the day on which the bank has paid all of the file: one statement, with a booked debit per payment. */
export function statementFor(paid: CreditTransfers, { messageId, opening, day }: StatementOptions): string {
  const closing = formatDecimal(microsOf(opening) - microsOf(paid.sum));
  const [currency = 'EUR'] = paid.payments.map((payment) => payment.currency);
  const balance = (code: string, amount: string): string =>
    `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="${currency}">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>${day}</Dt></Dt></Bal>`;
  const entries = paid.payments.map(({ amount, endToEndId, iban }, n) =>
    [
      `<Ntry><Amt Ccy="${currency}">${amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>`,
      `<BookgDt><Dt>${day}</Dt></BookgDt><ValDt><Dt>${day}</Dt></ValDt><AcctSvcrRef>${day}-${n + 1}</AcctSvcrRef>`,
      '<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>',
      `<NtryDtls><TxDtls><Refs><EndToEndId>${endToEndId}</EndToEndId></Refs><Amt Ccy="${currency}">${amount}</Amt>`,
      `<CdtDbtInd>DBIT</CdtDbtInd><RltdPties><CdtrAcct><Id><IBAN>${iban}</IBAN></Id></CdtrAcct></RltdPties></TxDtls></NtryDtls></Ntry>`,
    ].join(''),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>',
    `<GrpHdr><MsgId>${messageId}</MsgId><CreDtTm>${day}T20:00:00Z</CreDtTm></GrpHdr>`,
    `<Stmt><Id>${day}</Id><CreDtTm>${day}T20:00:00Z</CreDtTm><Acct><Id><IBAN>${paid.debtorIban}</IBAN></Id></Acct>`,
    balance('OPBD', opening),
    balance('CLBD', closing),
    ...entries,
    '</Stmt></BkToCstmrStmt></Document>\n',
  ].join('\n');
}

function textOf(xml: string, element: string): string {
  const found = new RegExp(`<${element}(?: [^>]*)?>([^<]+)</${element}>`).exec(xml)?.[1];
  if (found === undefined) throw new Error(`the file has no ${element}`);
  return found;
}

function microsOf(amount: string): bigint {
  const micros = parseDecimal(amount);
  if (micros === undefined) throw new Error(`${amount} is no amount`);
  return micros;
}
