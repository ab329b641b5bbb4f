import { AccountStatement } from './account-statement.js';
import { malformed } from './malformed.js';
import { readNachaReturns } from './nacha-returns.js';
import type { ReadFile } from './read-file.js';
import { StatusReport } from './status-report.js';
import { readXml, type XmlReading } from './xml.codec.js';
import type { XmlNode } from './xml-node.js';

const ISO_20022 = /^urn:iso:std:iso:20022:tech:xsd:(pain\.002|camt\.053)\.001\.[0-9]{2}$/;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Recognises a bank's file and reads it: pain.002 and camt.053 of any version that knows the elements used here (tested
 * against the schemas of pain.002.001.03 and .12 and camt.053.001.08), or Nacha returns. Throws FILE_MALFORMED with
 * line and cause; nothing is known of a file until all of it was read.
 */
export async function readBankFile(given: Uint8Array): Promise<ReadFile> {
  if (given.length === 0) throw malformed(1, 'it is empty');
  const hasMark = BYTE_ORDER_MARK.every((byte, at) => given[at] === byte);
  const bytes = hasMark ? given.subarray(BYTE_ORDER_MARK.length) : given;
  const first = new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart();
  if (first.startsWith('<')) return readMessage(bytes);
  if (first.startsWith('101')) return readNachaReturns(new TextDecoder('latin1').decode(bytes));
  throw malformed(1, 'it is neither XML of ISO 20022 nor a Nacha file');
}

type Message = StatusReport | AccountStatement;

async function readMessage(bytes: Uint8Array): Promise<ReadFile> {
  let message: Message | undefined;
  const records = new Set([...StatusReport.records, ...AccountStatement.records]);
  const reading: XmlReading = {
    begin: (namespace, fileLine) => {
      const kind = ISO_20022.exec(namespace)?.[1];
      if (kind === undefined) throw malformed(fileLine, 'it is neither a pain.002 nor a camt.053 message');
      message = kind === 'pain.002' ? new StatusReport() : new AccountStatement();
    },
    records,
    onRecord: (record: XmlNode, around: readonly XmlNode[]) => message?.take(record, around),
  };
  await readXml(bytes, reading);
  if (message === undefined) throw malformed(1, 'it is empty');
  return message.finish();
}
