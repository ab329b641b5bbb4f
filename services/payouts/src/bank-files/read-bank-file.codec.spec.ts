import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { accountStatement, BANK_DAY, nachaReturns, statusReport } from '../../test/bank.js';
import { objectionsTo } from '../../test/schemas.js';
import type { ReadFile } from './read-file.js';
import { readBankFile } from './read-bank-file.codec.js';
import { readXml } from './xml.codec.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): Promise<ReadFile> => readBankFile(bytesOf(text));
const refusal = async (given: string | Uint8Array): Promise<string> => {
  try {
    await readBankFile(typeof given === 'string' ? bytesOf(given) : given);
    return 'taken';
  } catch (error) {
    if (error instanceof DomainError && error.reason === 'FILE_MALFORMED') return error.detail;
    throw error;
  }
};
const factsOf = ({ facts }: ReadFile) =>
  facts.map(({ about, state, reason }) => [Object.values(about)[0], state, ...(reason === undefined ? [] : [reason])]);

const batch = '01936f2a7b1c7d3e8f4a5b6c7d8e9f0a';
const [one, two, three] = [1, 2, 3].map((n) => `01936f2a7b1c7d3e8f4a00000000000${n}`) as [string, string, string];

describe('a status report', () => {
  const report = statusReport({
    batch,
    groupStatus: 'PART',
    payments: [
      { reference: one, status: 'RJCT', reason: 'AC04', amount: '12.34' },
      { reference: two, status: 'ACSC' },
      { reference: three, status: 'PDNG' },
    ],
  });

  it('that the schemas of pain.002 allow says how each payment stands', async () => {
    for (const version of ['03', '12'] as const) {
      const text = report.replace('pain.002.001.12', `pain.002.001.${version}`);
      expect(objectionsTo(`pain.002.001.${version}`, text)).toEqual([]);
      expect(factsOf(await read(text))).toEqual([
        [one, 'failed', 'AC04'],
        [two, 'settled'],
        [three, 'processing'],
      ]);
    }
    const { facts, kind, messageId } = await read(report);
    expect([kind, messageId, facts[0]?.amountMicros, facts[0]?.currency]).toEqual([
      'pain.002',
      'STS-1',
      12_340_000n,
      'EUR',
    ]);
    expect(facts[0]?.occurredAt).toEqual(new Date(`${BANK_DAY}T08:00:00Z`));
  });

  it.each([
    [{ groupStatus: 'RJCT', reason: 'FF01' }, [[batch, 'failed', 'FF01']]],
    [{ batchStatus: 'RJCT', reason: 'AM05' }, [[batch, 'failed', 'AM05']]],
    [{ batchStatus: 'ACSC' }, [[batch, 'settled']]],
    [{ batchStatus: 'CANC' }, [[batch, 'failed', 'CANC']]],
    [{ groupStatus: 'ACCP' }, []],
    [
      { groupStatus: 'RJCT', payments: [{ reference: one, status: 'RJCT', reason: 'AC01' }] },
      [
        [batch, 'failed', 'RJCT'],
        [one, 'failed', 'AC01'],
      ],
    ],
  ])('%j speaks of payments that it does not name', async (parts, facts) => {
    expect(factsOf(await read(statusReport({ batch, ...parts })))).toEqual(facts);
  });

  it('says of a payment without a status of its own what it says of its batch', async () => {
    const parts = { batch, batchStatus: 'RJCT', reason: 'AM05', payments: [{ reference: one, status: 'RJCT' }] };
    const facts = factsOf(await read(statusReport(parts).replace('<TxSts>RJCT</TxSts>', '')));
    expect(facts).toContainEqual([one, 'failed', 'AM05']);
  });

  it.each([
    ['<OrgnlEndToEndId>', '<X>', 'not well-formed'],
    [/<CreDtTm>[^/]*<\/CreDtTm>/, '', 'GrpHdr/CreDtTm is missing'],
    ['12.34', '12,34', 'Line 5: InstdAmt is not an amount'],
    ['Ccy="EUR"', 'Ccy="ZZZ"', 'InstdAmt has no known currency'],
    [/<OrgnlEndToEndId>\w+<\/OrgnlEndToEndId>/, '', 'TxInfAndSts/OrgnlEndToEndId is missing'],
  ])('with %s replaced by %j is refused where it is wrong', async (what, by, objection) => {
    expect(await refusal(report.replace(what, by))).toContain(objection);
  });
});

describe('an account statement', () => {
  const text = accountStatement({
    id: 'S-1',
    opening: '1000.00',
    entries: [
      { amount: '12.34', sign: 'DBIT', reference: one },
      {
        amount: '30.50',
        sign: 'DBIT',
        parts: [
          { amount: '10.00', reference: two },
          { amount: '20.00', reference: three },
        ],
      },
      { amount: '12.34', sign: 'CRDT', reference: one, returned: 'AC04' },
      { amount: '99.00', sign: 'CRDT' },
      { amount: '5.00', sign: 'DBIT', status: 'PDNG', reference: two },
      { amount: '40.00', sign: 'DBIT', batch },
      { amount: '10.00', sign: 'CRDT', reference: two, subFamily: 'RRTN' },
      { amount: '20.00', sign: 'CRDT', reference: three, reversal: true },
      { amount: '7.00', sign: 'CRDT', reference: one },
    ],
  });

  it.each([
    ['a debit that is taken back says nothing', { sign: 'DBIT', reference: one, reversal: true }, []],
    [
      'a debit is no return, whatever its code',
      { sign: 'DBIT', reference: one, subFamily: 'RRTN' },
      [[one, 'settled']],
    ],
    ['a credit of a batch says nothing', { sign: 'CRDT', batch }, []],
  ] as const)('%s', async (_, entry, facts) => {
    const entries = [{ amount: '5.00', ...entry }];
    expect(factsOf(await read(accountStatement({ id: 'S-1', opening: '10.00', entries })))).toEqual(facts);
  });

  it('with an entry about a payment that is not in the currency of its account is refused', async () => {
    const entries = [{ amount: '5.00', sign: 'DBIT' as const, reference: one }];
    const odd = accountStatement({ id: 'S-1', opening: '20.00', entries }).replaceAll(
      'Ccy="EUR">5.00<',
      'Ccy="USD">5.00<',
    );
    expect(await refusal(odd)).toContain('an entry is not in the currency of its account');
  });

  it('that the schema of camt.053.001.08 allows is lines, and what they say about payments', async () => {
    expect(objectionsTo('camt.053.001.08', text)).toEqual([]);
    const file = await read(text);
    const [statement] = file.statements;
    expect(statement).toMatchObject({
      statementId: 'S-1',
      account: 'DE89370400440532013000',
      currency: 'EUR',
      openingMicros: 1_000_000_000n,
      closingMicros: 1_065_500_000n,
      closedOn: BANK_DAY,
    });
    expect(
      statement?.lines.map(({ amountMicros, endToEndId, reasonCode }) => [
        Number(amountMicros) / 1e6,
        endToEndId,
        reasonCode,
      ]),
    ).toEqual([
      [-12.34, one, undefined],
      [-10, two, undefined],
      [-20, three, undefined],
      [-0.5, undefined, 'ENTRY_REST'],
      [12.34, one, 'AC04'],
      [99, undefined, undefined],
      [-40, undefined, undefined],
      [10, two, undefined],
      [20, three, undefined],
      [7, one, undefined],
    ]);
    expect(factsOf(file)).toEqual([
      [one, 'settled'],
      [two, 'settled'],
      [three, 'settled'],
      [one, 'returned', 'AC04'],
      [batch, 'settled'],
      [two, 'returned', 'RRTN'],
      [three, 'returned', 'RRTN'],
    ]);
    expect(statement?.lines[0]).toMatchObject({ counterparty: '•••• 2606', bankReference: `REF-${BANK_DAY}-0` });
    expect(JSON.stringify(statement?.lines, (_, value: unknown) => String(value))).not.toContain('2004');
  });

  it.each([
    [/<Bal><Tp><CdOrPrtry><Cd>CLBD.*?<\/Bal>/, '', 'Stmt/Bal of the kind CLBD is missing'],
    ['<CdtDbtInd>DBIT</CdtDbtInd><Sts>', '<Sts>', 'Ntry/CdtDbtInd is neither CRDT nor DBIT'],
    [/<BookgDt>.*?<\/BookgDt>/, '', 'Ntry/BookgDt is missing'],
    [`<BookgDt><Dt>${BANK_DAY}`, '<BookgDt><Dt>2026-13-45', 'BookgDt is not a date'],
    ['<Amt Ccy="EUR">12.34', '<Amt Ccy="EUR">1e3', 'Amt is not an amount'],
    ['<Ntry><Amt Ccy="EUR">99.00', '<Ntry><Amt Ccy="USD">99.00', 'taken'],
    ['<Amt Ccy="EUR">20.00', '<Amt Ccy="EUR">999999999999.99', 'taken'],
    [
      '<Amt Ccy="EUR">10.00',
      '<Amt Ccy="EUR">999999999999.99</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls><TxDtls><Amt Ccy="EUR">999999999999.99',
      'the details of Ntry are not parts of its amount',
    ],
    [/<Acct>.*<\/Acct>/, '', 'Stmt/Acct/Id is missing'],
    ['camt.053.001.08', 'camt.054.001.08', 'neither a pain.002 nor a camt.053'],
    ['</Stmt>', '', 'not well-formed'],
  ])('with %s replaced by %j is answered by %s', async (what, by, objection) => {
    expect(await refusal(text.replace(what, by))).toContain(objection);
  });

  it('of 10,000 entries is read while others have their turn', async () => {
    const entries = Array.from({ length: 20 }, (_, n) => ({
      amount: '1.00',
      sign: 'DBIT' as const,
      reference: `${batch}`.slice(0, 30) + n,
    }));
    const small = accountStatement({ id: 'S-2', opening: '0.00', entries });
    const body = small.slice(small.indexOf('<Ntry>'), small.lastIndexOf('</Ntry>') + 7);
    const lean = body.replace(/<(ValDt|BkTxCd|RltdPties)>.*?<\/\1>/g, '');
    const large = small.replace(body, lean.concat('\n').repeat(500));
    let turns = 0;
    const others = setInterval(() => (turns += 1), 5);
    const file = await read(large);
    clearInterval(others);
    expect([file.statements[0]?.lines.length, file.facts.length]).toEqual([10_000, 10_000]);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('a message', () => {
  it('is forgotten record by record, and every record sees what stands around it', async () => {
    const seen: string[] = [];
    await readXml(bytesOf(`<D xmlns="urn:x"><S><Id>7</Id>${'<N><a/><b/></N>'.repeat(3)}</S></D>`), {
      begin: (namespace) => seen.push(namespace),
      records: new Set(['N']),
      onRecord: (record, around) =>
        seen.push([...around, record].map(({ name, children }) => `${name}${children.length}`).join(' ')),
    });
    expect(seen).toEqual(['urn:x', 'D1 S2 N2', 'D1 S2 N2', 'D1 S2 N2']);
  });
});

describe('returns of ACH', () => {
  const sent = readFileSync(new URL('../../test/ach/credits.ach', import.meta.url), 'utf8');
  const back = nachaReturns(
    sent,
    new Map([
      ['F4A000000000001', 'R03'],
      ['F4A000000000003', 'C01'],
    ]),
  );

  it('name the entry that came back, and the account that has changed', async () => {
    const file = await read(back);
    expect(factsOf(file)).toEqual([
      ['F4A000000000001', 'returned', 'R03'],
      ['F4A000000000003', 'noted', 'C01'],
    ]);
    expect(file.facts.map(({ amountMicros }) => amountMicros)).toEqual([12_340_000n, undefined]);
  });

  it('are read as moov-io/ach wrote them', async () => {
    const load = (name: string) => readFileSync(new URL(`../../test/ach/${name}.ach`, import.meta.url));
    expect(factsOf(await readBankFile(load('return-web')))).toEqual([
      ['MjMxNDAwMjAtOGQ', 'returned', 'R01'],
      ['NmRjZTJmMzItMGN', 'returned', 'R03'],
    ]);
    expect(factsOf(await readBankFile(load('correction')))).toEqual([['location #23', 'noted', 'C01']]);
  });

  it.each([
    ['0000001234', '0000001235', 'Line 7: the total of credits of the control record is wrong'],
    [/\n621[0-8]/, '\n6219', 'Line 7: the entry hash of the control record is wrong'],
    ['R03', 'X03', 'Line 4: the addenda record has no code'],
    ['\n8220', '\n7220', 'the last batch has no batch control record'],
    [/\n9000001[^]*$/, '\n', 'the file control record is missing'],
    [/\n621/, '\nü21', 'Line 3: it is not a record of 94 printable ASCII characters'],
    [/\n621/, '\n6210', 'Line 3: it is not a record of 94'],
  ])('with %s replaced by %j are refused where they are wrong', async (what, by, objection) => {
    expect(await refusal(Buffer.from(back.replace(what, by), 'latin1'))).toContain(objection);
  });

  it('are not the file that was sent', async () => {
    expect(await refusal(sent)).toContain('the file holds no returns');
  });
});

describe('a file that means harm', () => {
  const hostile = (doctype: string, content: string): string =>
    `<?xml version="1.0"?>${doctype}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>${content}</MsgId></GrpHdr></BkToCstmrStmt></Document>`;

  it.each([
    [
      'a billion laughs',
      hostile('<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>', '&b;'),
      'a document type is not allowed',
    ],
    [
      'an entity from a file',
      hostile('<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>', '&x;'),
      'a document type is not allowed',
    ],
    ['an entity that nobody declared', hostile('', '&x;'), 'not well-formed'],
    ['a tower of elements', hostile('', `${'<a>'.repeat(60)}${'</a>'.repeat(60)}`), 'deeper than 40'],
    ['a record without end', hostile('', '<a/>'.repeat(30_000)), 'longer than that of any message'],
    ['a text without end', hostile('', 'x'.repeat(30_000)), 'MsgId is too long'],
    ['another namespace', hostile('', '<e xmlns="urn:evil"/>'), 'e is of another namespace'],
    ['UTF-16', hostile('', 'x').replace('?>', ' encoding="UTF-16"?>'), 'only UTF-8 is read'],
    ['something else', '%PDF-1.7', 'neither XML of ISO 20022 nor a Nacha file'],
    ['nothing', '', 'it is empty'],
  ])('%s is refused', async (_, text, objection) => {
    expect(await refusal(text)).toContain(objection);
  });

  it('is refused when it is not UTF-8, and nothing of it is repeated', async () => {
    const secret = hostile('', 'secret');
    expect(await refusal(Buffer.from(secret.replace('secret', 'sécret'), 'latin1'))).toContain('not UTF-8');
    expect(await refusal(secret.replace('</MsgId>', '</secret>'))).not.toContain('secret');
  });
});
