import type { CurrencyCode } from '@dailydoco/money';
import { malformed } from './malformed.js';
import type { FileFact, FileLine, FileStatement, ReadFile } from './read-file.js';
import { amountOf, childrenOf, dayOf, find, momentOf, requiredText, textAt, type XmlNode } from './xml-node.js';

/** What a booking has in common with its details. */
interface Entry {
  readonly node: XmlNode;
  readonly sign: bigint;
  readonly isReversal: boolean;
  readonly isReturn: boolean;
  readonly micros: bigint;
  readonly currency: CurrencyCode;
  readonly bookedOn: string;
  readonly valueDate: string | undefined;
}

const RETURN_SUBFAMILY = 'RRTN';
/** The code of a line that holds what an entry's details leave of its amount, such as charges inside of it. */
const REST = 'ENTRY_REST';

/**
 * Reads a camt.053 (Bank To Customer Statement). Booked entries become lines, one for each of their details. A debit
 * with a reference of ours says that the payment is settled; a credit with one says that it came back, where the bank
 * marks it so: by a return reason, as a reversal, or by the bank transaction code for returns. A debit that names
 * nothing but a batch of ours says so of the whole batch.
 */
export class AccountStatement {
  static readonly records: ReadonlySet<string> = new Set(['Stmt', 'Ntry', 'TxDtls']);

  readonly #facts: FileFact[] = [];
  readonly #statements: FileStatement[] = [];
  #header: XmlNode | undefined;
  #lines: FileLine[] = [];
  /** Of the entry whose details are being read. */
  #details: { readonly entry: Entry; count: number; micros: bigint } | undefined;

  take(record: XmlNode, around: readonly XmlNode[]): void {
    this.#header ??= find(around[1], 'GrpHdr');
    if (record.name === 'Stmt') this.#endStatement(record);
    else if (record.name === 'Ntry') this.#endEntry(record);
    else {
      const entry = around.find(({ name }) => name === 'Ntry');
      if (entry !== undefined) this.#detail(record, entry);
    }
  }

  finish(): ReadFile {
    const header = this.#header;
    if (header === undefined || this.#statements.length === 0) throw malformed(1, 'GrpHdr or Stmt is missing');
    const created = find(header, 'CreDtTm');
    if (created === undefined) throw malformed(header.fileLine, 'GrpHdr/CreDtTm is missing');
    return {
      kind: 'camt.053',
      messageId: requiredText(header, 'MsgId'),
      createdAt: momentOf(created),
      facts: this.#facts,
      statements: this.#statements,
    };
  }

  #detail(detail: XmlNode, entryNode: XmlNode): void {
    const known = this.#details?.entry.node === entryNode ? this.#details : undefined;
    const entry = known?.entry ?? entryOf(entryNode);
    if (entry === undefined) return;
    const details = known ?? { entry, count: 0, micros: 0n };
    this.#details = details;
    const amount = find(detail, 'Amt') ?? find(detail, 'AmtDtls', 'TxAmt', 'Amt');
    const { micros, currency } = amount === undefined ? entry : amountOf(amount);
    const signed = micros * (signAt(detail) ?? entry.sign);
    if (currency !== entry.currency) throw malformed(detail.fileLine, 'TxDtls/Amt is not in the currency of its entry');
    details.count += 1;
    details.micros += signed;
    this.#book(detail, { ...entry, micros, sign: signAt(detail) ?? entry.sign });
  }

  #endEntry(node: XmlNode): void {
    const details = this.#details?.entry.node === node ? this.#details : undefined;
    this.#details = undefined;
    const entry = details?.entry ?? entryOf(node);
    if (entry === undefined) return;
    if (details === undefined) {
      this.#book(node, entry);
      return;
    }
    const rest = entry.micros * entry.sign - details.micros;
    if (rest !== 0n)
      this.#lines.push({ ...this.#lineOf(node, entry), amountMicros: rest, endToEndId: undefined, reasonCode: REST });
  }

  /** A line, and what it says about payments of ours. */
  #book(node: XmlNode, entry: Entry): void {
    const line = this.#lineOf(node, entry);
    this.#lines.push(line);
    const about = aboutOf(node, entry, line.endToEndId);
    const returned = entry.sign > 0n && (entry.isReturn || entry.isReversal || isReturned(node));
    const settled = entry.sign < 0n && !entry.isReversal;
    if (about === undefined || !(returned || settled)) return;
    this.#facts.push({
      fileLine: line.fileLine,
      about,
      state: returned ? 'returned' : 'settled',
      reason: returned ? (line.reasonCode ?? RETURN_SUBFAMILY) : undefined,
      amountMicros: entry.micros,
      currency: entry.currency,
      occurredAt: new Date(`${line.bookedOn}T00:00:00Z`),
      statementLine: { statement: this.#statements.length, line: line.line },
    });
  }

  #lineOf(node: XmlNode, entry: Entry): FileLine {
    const reason = find(node, 'RtrInf', 'Rsn');
    const endToEndId = textAt(node, 'Refs', 'EndToEndId');
    const parties = find(node, 'RltdPties');
    const other = entry.sign < 0n ? 'CdtrAcct' : 'DbtrAcct';
    const account = textAt(parties, other, 'Id', 'IBAN') ?? textAt(parties, other, 'Id', 'Othr', 'Id');
    return {
      line: this.#lines.length + 1,
      fileLine: node.fileLine,
      bookedOn: entry.bookedOn,
      valueDate: entry.valueDate,
      amountMicros: entry.micros * entry.sign,
      endToEndId: endToEndId === 'NOTPROVIDED' ? undefined : endToEndId?.slice(0, 35),
      bankReference: (textAt(node, 'Refs', 'AcctSvcrRef') ?? textAt(entry.node, 'AcctSvcrRef'))?.slice(0, 35),
      reasonCode: (textAt(reason, 'Cd') ?? textAt(reason, 'Prtry'))?.slice(0, 35),
      counterparty: account && `•••• ${account.slice(-4)}`,
    };
  }

  #endStatement(node: XmlNode): void {
    const [opening, closing] = [balanceOf(node, ['OPBD', 'PRCD']), balanceOf(node, ['CLBD'])];
    const currency = closing.currency;
    const strange = opening.currency !== currency;
    if (strange) throw malformed(node.fileLine, 'the balances of Stmt are in two currencies');
    const account = textAt(node, 'Acct', 'Id', 'IBAN') ?? textAt(node, 'Acct', 'Id', 'Othr', 'Id');
    if (account === undefined) throw malformed(node.fileLine, 'Stmt/Acct/Id is missing');
    for (const fact of this.#facts) {
      const isHere = fact.statementLine?.statement === this.#statements.length;
      if (isHere && fact.currency !== currency)
        throw malformed(fact.fileLine, 'an entry is not in the currency of its account');
    }
    this.#statements.push({
      statementId: requiredText(node, 'Id').slice(0, 35),
      account: account.replaceAll(' ', '').slice(0, 34),
      currency,
      openingMicros: opening.micros,
      closingMicros: closing.micros,
      openedOn: opening.day,
      closedOn: closing.day,
      lines: this.#lines,
    });
    this.#lines = [];
  }
}

/** The entry; undefined while it is not booked, and therefore not part of the balance. */
function entryOf(node: XmlNode): Entry | undefined {
  const status = textAt(node, 'Sts', 'Cd') ?? requiredText(node, 'Sts');
  if (status !== 'BOOK') return undefined;
  const [amountNode, booked, value] = [find(node, 'Amt'), find(node, 'BookgDt'), find(node, 'ValDt')];
  if (amountNode === undefined) throw malformed(node.fileLine, 'Ntry/Amt is missing');
  if (booked === undefined) throw malformed(node.fileLine, 'Ntry/BookgDt is missing');
  const sign = signAt(node);
  if (sign === undefined) throw malformed(node.fileLine, 'Ntry/CdtDbtInd is neither CRDT nor DBIT');
  return {
    node,
    ...amountOf(amountNode),
    sign,
    isReversal: textAt(node, 'RvslInd') === 'true' || textAt(node, 'RvslInd') === '1',
    isReturn: isReturnCode(node),
    bookedOn: dayOf(booked),
    valueDate: value && dayOf(value),
  };
}

/** By its end-to-end id; without any, by the batch of ours that it books as a whole. */
function aboutOf(node: XmlNode, entry: Entry, endToEndId: string | undefined): FileFact['about'] | undefined {
  if (endToEndId !== undefined) return { payment: endToEndId };
  if (node !== entry.node || entry.sign > 0n) return undefined;
  const batch = find(node, 'NtryDtls', 'Btch');
  const id = textAt(batch, 'PmtInfId') ?? textAt(batch, 'MsgId');
  return id === undefined ? undefined : { batch: id };
}

function isReturned(node: XmlNode): boolean {
  return find(node, 'RtrInf') !== undefined || isReturnCode(node);
}

function isReturnCode(node: XmlNode): boolean {
  return textAt(node, 'BkTxCd', 'Domn', 'Fmly', 'SubFmlyCd') === RETURN_SUBFAMILY;
}

function signAt(node: XmlNode): bigint | undefined {
  const indicator = textAt(node, 'CdtDbtInd');
  if (indicator === undefined) return undefined;
  return { CRDT: 1n, DBIT: -1n }[indicator];
}

function balanceOf(
  statement: XmlNode,
  codes: readonly string[],
): { readonly micros: bigint; readonly currency: CurrencyCode; readonly day: string } {
  for (const code of codes) {
    const balance = childrenOf(statement, 'Bal').find((each) => textAt(each, 'Tp', 'CdOrPrtry', 'Cd') === code);
    const [amount, date, sign] = [find(balance, 'Amt'), find(balance, 'Dt'), balance && signAt(balance)];
    if (amount === undefined || date === undefined || sign === undefined) continue;
    const { micros, currency } = amountOf(amount);
    return { micros: micros * sign, currency, day: dayOf(date) };
  }
  throw malformed(statement.fileLine, `Stmt/Bal of the kind ${codes.join(' or ')} is missing`);
}
