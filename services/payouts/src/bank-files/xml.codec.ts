import { setImmediate } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import { DomainError } from '@dailydoco/errors';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { malformed } from './malformed.js';
import type { XmlNode } from './xml-node.js';

/** How deep elements may stand in each other; messages of ISO 20022 need less than half of it. */
const MAX_DEPTH = 40;
/** Most elements that are kept at a time: those of one record and of what stands around it. */
const MAX_KEPT = 20_000;
const MAX_TEXT = 20_000;
/** Between two pieces of this size others have their turn. */
const PIECE_BYTES = 65_536;

export interface XmlReading {
  /** Called with the message's namespace before anything is read of it; what it throws ends the reading. */
  readonly begin: (namespace: string, fileLine: number) => void;
  /** Elements that are handed over when they end and then forgotten, by name. */
  readonly records: ReadonlySet<string>;
  /** A record, and the elements around it with what was read of them so far, from the outermost to its parent. */
  readonly onRecord: (record: XmlNode, around: readonly XmlNode[]) => void;
}

/**
 * Reads a message of ISO 20022 record by record, so that a file of any length takes no more memory than its longest
 * record. UTF-8 only; a document type, entities of its own, another namespace inside, and elements deeper or longer
 * than any message are refused, so that nothing is ever expanded or fetched. Throws FILE_MALFORMED with the line.
 */
export async function readXml(bytes: Uint8Array, reading: XmlReading): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const tree = new Tree(reading);
  const parser = parserFor(tree);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = decoded(decoder, bytes.subarray(at, at + PIECE_BYTES), { line: parser.line, more: true });
    parser.write(piece);
    await setImmediate();
  }
  parser.write(decoded(decoder, new Uint8Array(), { line: parser.line, more: false }));
  parser.close();
}

function decoded(decoder: TextDecoder, bytes: Uint8Array, { line, more }: { line: number; more: boolean }): string {
  try {
    return decoder.decode(bytes, { stream: more });
  } catch {
    throw malformed(line, 'it is not UTF-8 from here on');
  }
}

function parserFor(tree: Tree): SaxesParser<{ xmlns: true }> {
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    // The parser's words: what it met, without what stands there.
    throw error instanceof DomainError
      ? error
      : malformed(parser.line, `it is not well-formed XML (${reasonOf(error)})`);
  });
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding))
      throw malformed(parser.line, 'only UTF-8 is read');
  });
  parser.on('doctype', () => {
    throw malformed(parser.line, 'a document type is not allowed');
  });
  parser.on('opentag', (tag) => tree.open(tag, parser.line));
  parser.on('text', (text) => tree.text(text, parser.line));
  parser.on('cdata', (text) => tree.text(text, parser.line));
  parser.on('closetag', () => tree.close());
  return parser;
}

/** `3:14: unclosed tag: Nm` without the place, and without what the file says. */
function reasonOf(error: Error): string {
  return error.message
    .replace(/^[0-9]+:[0-9]+: /, '')
    .replace(/:.*$/s, '')
    .slice(0, 80)
    .replace(/\.$/, '');
}

class Tree {
  readonly #reading: XmlReading;
  readonly #open: XmlNode[] = [];
  #namespace: string | undefined;
  #kept = 0;

  constructor(reading: XmlReading) {
    this.#reading = reading;
  }

  open(tag: SaxesTagNS, fileLine: number): void {
    if (this.#namespace === undefined) {
      this.#reading.begin(tag.uri, fileLine);
      this.#namespace = tag.uri;
    }
    // An envelope of supplementary data may hold anything; nobody looks into it.
    const isForeign = tag.uri !== this.#namespace && !this.#open.some(({ name }) => name === 'Envlp');
    if (isForeign) throw malformed(fileLine, `${tag.local.slice(0, 40)} is of another namespace`);
    if (this.#open.length >= MAX_DEPTH)
      throw malformed(fileLine, `elements stand deeper than ${MAX_DEPTH} in each other`);
    this.#kept += 1;
    if (this.#kept > MAX_KEPT) throw malformed(fileLine, 'a part of it is longer than that of any message');
    const node: XmlNode = { name: tag.local, fileLine, attributes: attributesOf(tag), children: [], text: '' };
    this.#open.at(-1)?.children.push(node);
    this.#open.push(node);
  }

  text(text: string, fileLine: number): void {
    const node = this.#open.at(-1);
    // Between elements stands nothing but space, and much of it around many records.
    if (node === undefined || (node.text === '' && text.trim() === '')) return;
    if (node.text.length + text.length > MAX_TEXT) throw malformed(fileLine, `${node.name} is too long`);
    node.text += text;
  }

  close(): void {
    const node = this.#open.pop();
    if (node === undefined || !this.#reading.records.has(node.name)) return;
    this.#reading.onRecord(node, this.#open);
    this.#open.at(-1)?.children.pop();
    this.#kept -= sizeOf(node);
  }
}

const NONE: XmlNode['attributes'] = {};

function attributesOf({ attributes }: SaxesTagNS): XmlNode['attributes'] {
  const given = Object.values(attributes);
  return given.length === 0 ? NONE : Object.fromEntries(given.map(({ local, value }) => [local, value]));
}

function sizeOf(node: XmlNode): number {
  return node.children.reduce((sum, child) => sum + sizeOf(child), 1);
}
