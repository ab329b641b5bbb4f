import type { FactState, FileFact, ReadFile } from './read-file.js';
import { amountOf, childrenOf, find, momentOf, requiredText, textAt, type XmlNode } from './xml-node.js';
import { malformed } from './malformed.js';

const END_STATES: Readonly<Record<string, FactState>> = {
  RJCT: 'failed',
  CANC: 'failed',
  ACSC: 'settled',
  ACCC: 'settled',
};

/**
 * Reads a pain.002 (Customer Payment Status Report): each payment with its status; and for a batch or a whole message
 * that has ended in one way, its payments that the report does not name. Statuses on the way (ACSP, ACTC, PDNG, codes
 * yet to be published) say that the bank has the payment, and nothing more.
 */
export class StatusReport {
  static readonly records: ReadonlySet<string> = new Set(['TxInfAndSts', 'OrgnlPmtInfAndSts', 'OrgnlGrpInfAndSts']);

  readonly #facts: FileFact[] = [];
  #header: XmlNode | undefined;

  take(record: XmlNode, around: readonly XmlNode[]): void {
    this.#header ??= find(around[1], 'GrpHdr');
    if (record.name === 'TxInfAndSts') this.#facts.push(this.#ofPayment(record, around.at(-1)));
    else if (record.name === 'OrgnlPmtInfAndSts') {
      this.#ofMany(record, { batch: textAt(record, 'OrgnlPmtInfId'), status: textAt(record, 'PmtInfSts') });
    } else this.#ofMany(record, { batch: textAt(record, 'OrgnlMsgId'), status: textAt(record, 'GrpSts') });
  }

  finish(): ReadFile {
    const header = this.#header;
    if (header === undefined) throw malformed(1, 'GrpHdr or OrgnlGrpInfAndSts is missing');
    const messageId = requiredText(header, 'MsgId');
    return { kind: 'pain.002', messageId, createdAt: this.#createdAt(), facts: this.#facts, statements: [] };
  }

  #ofPayment(record: XmlNode, parent: XmlNode | undefined): FileFact {
    const reference = requiredText(record, 'OrgnlEndToEndId');
    const status = textAt(record, 'TxSts') ?? textAt(parent, 'PmtInfSts');
    if (status === undefined) throw malformed(record.fileLine, 'TxInfAndSts/TxSts is missing');
    const state = END_STATES[status] ?? 'processing';
    const original = find(record, 'OrgnlTxRef', 'Amt', 'InstdAmt');
    const amount = original && amountOf(original);
    const accepted = find(record, 'AccptncDtTm');
    return {
      fileLine: record.fileLine,
      about: { payment: reference },
      state,
      reason: state === 'failed' ? (reasonOf(record) ?? reasonOf(parent) ?? status) : undefined,
      amountMicros: amount?.micros,
      currency: amount?.currency,
      occurredAt: accepted === undefined ? this.#createdAt() : momentOf(accepted),
    };
  }

  #ofMany(record: XmlNode, { batch, status }: { batch: string | undefined; status: string | undefined }): void {
    const state = status === undefined ? undefined : END_STATES[status];
    if (batch === undefined || state === undefined) return;
    this.#facts.push({
      fileLine: record.fileLine,
      about: { batch },
      state,
      reason: state === 'failed' ? (reasonOf(record) ?? status) : undefined,
      amountMicros: undefined,
      currency: undefined,
      occurredAt: this.#createdAt(),
    });
  }

  #createdAt(): Date {
    const created = find(this.#header, 'CreDtTm');
    if (created === undefined) throw malformed(this.#header?.fileLine ?? 1, 'GrpHdr/CreDtTm is missing');
    return momentOf(created);
  }
}

function reasonOf(node: XmlNode | undefined): string | undefined {
  for (const information of childrenOf(node, 'StsRsnInf')) {
    const code = textAt(information, 'Rsn', 'Cd') ?? textAt(information, 'Rsn', 'Prtry');
    if (code !== undefined) return code.slice(0, 35);
  }
  return undefined;
}
