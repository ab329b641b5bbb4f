import { currencyOf, type CurrencyCode, isCurrency } from '@dailydoco/money';
import { malformed } from './malformed.js';

/** An element of a message, without its namespace, which is the message's throughout. */
export interface XmlNode {
  readonly name: string;
  /** From 1. */
  readonly fileLine: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[];
  text: string;
}

const AMOUNT = /^([0-9]{1,12})(?:\.([0-9]{1,5})0*)?$/;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

export function childrenOf(node: XmlNode | undefined, name: string): XmlNode[] {
  return node?.children.filter((child) => child.name === name) ?? [];
}

/** The first element at the path below; undefined where it ends early. */
export function find(node: XmlNode | undefined, ...path: string[]): XmlNode | undefined {
  let at = node;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  return at;
}

export function textAt(node: XmlNode | undefined, ...path: string[]): string | undefined {
  const text = find(node, ...path)?.text.trim();
  return text === '' ? undefined : text;
}

/** The text at the path; FILE_MALFORMED names what is missing. */
export function requiredText(node: XmlNode, ...path: string[]): string {
  const text = textAt(node, ...path);
  if (text === undefined) throw malformed(node.fileLine, `${[node.name, ...path].join('/')} is missing`);
  return text;
}

/** An amount with its currency, in micros; FILE_MALFORMED unless it is a plain decimal of a known currency. */
export function amountOf(node: XmlNode): { readonly micros: bigint; readonly currency: CurrencyCode } {
  const [, units, fraction = ''] = AMOUNT.exec(node.text.trim()) ?? [];
  if (units === undefined) throw malformed(node.fileLine, `${node.name} is not an amount`);
  const currency = node.attributes['Ccy'];
  if (currency === undefined || !isCurrency(currency))
    throw malformed(node.fileLine, `${node.name} has no known currency`);
  return { micros: BigInt(units) * 1_000_000n + BigInt(fraction.padEnd(6, '0')), currency: currencyOf(currency) };
}

/** The day of a choice of date and moment (`<Dt>` or `<DtTm>`), as YYYY-MM-DD. */
export function dayOf(node: XmlNode): string {
  const day = (textAt(node, 'Dt') ?? textAt(node, 'DtTm') ?? node.text.trim()).slice(0, 10);
  if (!DAY.test(day) || Number.isNaN(Date.parse(day))) throw malformed(node.fileLine, `${node.name} is not a date`);
  return day;
}

/** A moment; one without an offset is taken as UTC. */
export function momentOf(node: XmlNode): Date {
  const text = node.text.trim();
  const hasOffset = /(Z|[+-][0-9]{2}:[0-9]{2})$/.test(text);
  const at = new Date(hasOffset || DAY.test(text) ? text : `${text}Z`);
  if (!/^[0-9]{4}-/.test(text) || Number.isNaN(at.getTime()))
    throw malformed(node.fileLine, `${node.name} is not a moment`);
  return at;
}
