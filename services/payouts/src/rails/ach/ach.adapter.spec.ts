import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { asPayoutBatchId, asPayoutId, asTenantId } from '../../ids.js';
import { shortReference } from '../bank-reference.js';
import type { Payment } from '../rail.js';
import { objectionToRoutingNumber } from './aba.js';
import { achRail } from './ach.adapter.js';
import { achRailOf, achSettings } from './ach-settings.adapter.js';
import type { AchAccount, AchOriginator } from './credit-file.js';

const originator: AchOriginator = {
  bankRoutingNumber: '121042882',
  bankName: 'Wells Fargo Bank',
  companyName: 'Spécial Growth, Inc.',
  companyId: '1123456789',
  immediateOrigin: '1123456789',
};
const rail = achRail(originator);
const USD = currencyOf('USD');
const account: AchAccount = {
  name: 'Ada Lovelace',
  routingNumber: '231380104',
  accountNumber: '744-5678-99',
  accountType: 'checking',
};
const tenantId = asTenantId('01936f2a-0000-7000-8000-000000000000');

const payment = (n: number, over: Partial<AchAccount> & { micros?: bigint } = {}): Payment<AchAccount> => {
  const { micros = 12_340_000n, ...destination } = over;
  return {
    tenantId,
    reference: asPayoutId(`01936f2a-7b1c-7d3e-8f4a-${String(n).padStart(12, '0')}`),
    amountMicros: micros,
    currency: USD,
    destination: { ...account, ...destination },
    requestedAt: new Date('2026-11-20T08:00:00Z'),
  };
};
const fileOf = (payments: readonly Payment<AchAccount>[]): string => {
  const createdAt = new Date('2026-11-20T10:11:12.345Z');
  const id = asPayoutBatchId('01936f2a-7b1c-7d3e-8f4a-5b6c7d8e9f0a');
  return new TextDecoder().decode(rail.makeFile({ id, tenantId, currency: USD, createdAt, payments }).bytes);
};

function refusal(details: unknown): unknown {
  try {
    return rail.destinationOf(details);
  } catch (error) {
    if (error instanceof DomainError) return error.fieldErrors.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
}

describe('a routing number', () => {
  it.each(['121042882', '231380104', '091400606', '011000015', '322271627'])('%s is right', (number) => {
    expect(objectionToRoutingNumber(number)).toBeUndefined();
  });

  it.each(['121042881', '12104288', '1210428822', '000000000', '991042887', 'abcdefghi', '１２１０４２８８２'])(
    '%s is wrong',
    (number) => expect(objectionToRoutingNumber(number)).toBeDefined(),
  );
});

describe('a bank account of the United States', () => {
  it('is read, shown by its last four characters, and one account however it is spelled', () => {
    const given = { name: ' Ada ', routingNumber: '2313 80104', accountNumber: '744 5678 99', accountType: 'savings' };
    const destination = rail.destinationOf(given);
    expect(destination).toEqual({ ...given, name: 'Ada', routingNumber: '231380104', accountNumber: '744567899' });
    expect([rail.mask(destination), rail.countryOf(destination)]).toEqual(['•••• 7899', 'US']);
    expect(rail.mask({ ...destination, accountNumber: '1234' })).toBe('••••');
    expect(rail.fingerprintOf(destination)).toBe(rail.fingerprintOf(account));
  });

  it.each([
    [{ ...account, routingNumber: '231380105' }, 'routingNumber has a wrong checksum: please look for a typing error'],
    [{ ...account, accountNumber: '1'.repeat(18) }, 'accountNumber must be 1 to 17 letters'],
    [{ ...account, accountNumber: 'abc' }, 'accountNumber must be 1 to 17 letters'],
    [{ ...account, accountType: 'loan' }, 'accountType must be checking or savings'],
    [{ ...account, name: undefined }, 'name is required'],
    [{ ...account, iban: 'x' }, 'iban is not known'],
  ])('is not %j', (details, objection) => {
    expect(refusal(details)).toEqual([expect.stringContaining(objection)]);
  });
});

describe('the file of a batch', () => {
  const payments = [
    payment(2, { accountType: 'savings', micros: 999_999_990_000n }),
    payment(1, { name: 'Γιώργος Παπαδόπουλος the Third' }),
    payment(3, { routingNumber: '121042882', accountNumber: '1', micros: 10_000n }),
  ];

  it('is byte for byte the one that moov-io/ach 1.50.0 accepted', () => {
    expect(fileOf(payments)).toBe(readFileSync(new URL('../../../test/ach/credits.ach', import.meta.url), 'utf8'));
  });

  it('was read by moov-io/ach 1.50.0 as what was meant', () => {
    const read = JSON.parse(readFileSync(new URL('../../../test/ach/credits.json', import.meta.url), 'utf8'));
    const [batch] = read.batches;
    expect(read.fileHeader).toMatchObject({ immediateDestination: '121042882', immediateOrigin: '1123456789' });
    expect(batch.batchHeader).toMatchObject({
      serviceClassCode: 220,
      standardEntryClassCode: 'PPD',
      // Friday's batch takes effect on Monday.
      effectiveEntryDate: '261123',
    });
    expect(
      batch.entryDetails.map((entry: Record<string, unknown>) => [
        entry['transactionCode'],
        entry['amount'],
        entry['identificationNumber'],
        entry['traceNumber'],
      ]),
    ).toEqual([
      [22, 1_234, shortReference(payment(1).reference), '121042880000001'],
      [32, 99_999_999, shortReference(payment(2).reference), '121042880000002'],
      [22, 1, shortReference(payment(3).reference), '121042880000003'],
    ]);
    expect(read.fileControl).toMatchObject({
      totalCredit: 100_001_234,
      totalDebit: 0,
      entryAddendaCount: 3,
      blockCount: 1,
    });
  });

  it.each([1, 6, 7, 26])('of %s payments has whole blocks of ten records of 94 characters', (count) => {
    const lines = fileOf(Array.from({ length: count }, (_, n) => payment(n)))
      .slice(0, -1)
      .split('\n');
    expect(lines.length % 10).toBe(0);
    expect(lines.every((line) => /^[ -~]{94}$/.test(line))).toBe(true);
    expect(lines.filter((line) => line.startsWith('6'))).toHaveLength(count);
  });

  it('is the same whatever the order in which its payments come', () => {
    expect(fileOf(payments.toReversed())).toBe(fileOf(payments));
  });

  it('is not made of fractions of a cent', () => {
    expect(() => fileOf([payment(1, { micros: 10_001n })])).toThrow('whole cents');
  });
});

describe('the settings', () => {
  const all = {
    ACH_BANK_ROUTING_NUMBER: '121042882',
    ACH_BANK_NAME: 'A bank',
    ACH_COMPANY_NAME: 'A company',
    ACH_COMPANY_ID: '1123456789',
  };

  it('make the rail, leave it off, or stop the boot when some of them are missing', () => {
    expect(achRailOf({})).toBeUndefined();
    expect(achRailOf(all)?.kind).toBe('ach');
    expect(() => achRailOf({ ...all, ACH_COMPANY_ID: undefined })).toThrow('ACH_COMPANY_ID');
    expect(achSettings.ACH_BANK_ROUTING_NUMBER.safeParse('121042881').success).toBe(false);
  });
});
