import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { objectionsTo } from '../../../test/schemas.js';
import { asPayoutBatchId, asPayoutId, asTenantId } from '../../ids.js';
import type { Payment } from '../rail.js';
import type { SepaAccount } from './credit-transfer-file.js';
import { sepaRail } from './sepa.adapter.js';
import { sepaRailOf, sepaSettings } from './sepa-settings.adapter.js';

const debtor: SepaAccount = { name: 'Zahlstelle & Söhne GmbH', iban: 'DE89370400440532013000', bic: 'COBADEFFXXX' };
const rail = sepaRail(debtor);
const EUR = currencyOf('EUR');
const IBAN = 'FR1420041010050500013M02606';

const batchId = asPayoutBatchId('01936f2a-7b1c-7d3e-8f4a-5b6c7d8e9f0a');
const payment = (n: number, over: Partial<SepaAccount> & { micros?: bigint } = {}): Payment<SepaAccount> => {
  const { micros = 12_340_000n, ...destination } = over;
  return {
    tenantId: asTenantId('01936f2a-0000-7000-8000-000000000000'),
    reference: asPayoutId(`01936f2a-7b1c-7d3e-8f4a-${String(n).padStart(12, '0')}`),
    amountMicros: micros,
    currency: EUR,
    destination: { name: 'Zoë Müller', iban: IBAN, bic: undefined, ...destination },
    requestedAt: new Date('2026-11-20T08:00:00Z'),
  };
};
const fileOf = (payments: readonly Payment<SepaAccount>[], of = rail): string => {
  const createdAt = new Date('2026-11-21T10:11:12.345Z');
  const tenantId = asTenantId('01936f2a-0000-7000-8000-000000000000');
  const { bytes } = of.makeFile({ id: batchId, tenantId, currency: EUR, createdAt, payments });
  return new TextDecoder().decode(bytes);
};

function refusal(details: unknown): unknown {
  try {
    return rail.destinationOf(details);
  } catch (error) {
    if (error instanceof DomainError)
      return [error.reason, error.fieldErrors.map(({ path, message }) => `${path} ${message}`)];
    throw error;
  }
}

describe('a bank account of SEPA', () => {
  it.each([
    ['de89 3704 0044 0532 0130 00', 'DE89370400440532013000', 'DE'],
    ['FR14 2004 1010 0505 0001 3M02 606', IBAN, 'FR'],
    ['NO9386011117947', 'NO9386011117947', 'NO'],
    ['MT84MALT011000012345MTLCAST001S', 'MT84MALT011000012345MTLCAST001S', 'MT'],
    // The examples of the IBAN registry.
    ['AL47 2121 1009 0000 0002 3569 8741', 'AL47212110090000000235698741', 'AL'],
    ['MD24 AG00 0225 1000 1310 4168', 'MD24AG000225100013104168', 'MD'],
    ['ME25 5050 0001 2345 6789 51', 'ME25505000012345678951', 'ME'],
    ['MK07 2501 2000 0058 984', 'MK07250120000058984', 'MK'],
    ['RS35 2600 0560 1001 6113 79', 'RS35260005601001611379', 'RS'],
  ])('%s is %s', (given, iban, country) => {
    const destination = rail.destinationOf({ name: ' Ada ', iban: given, bic: 'deutdeff' });
    expect(destination).toEqual({ name: 'Ada', iban, bic: 'DEUTDEFF' });
    expect(rail.countryOf(destination)).toBe(country);
    expect(rail.capabilities.countries).toContain(country);
    expect(rail.destinationOf(destination)).toEqual(destination);
  });

  it.each([
    [{ name: 'A', iban: 'DE89370400440532013001' }, 'iban has a wrong checksum: please look for a typing error'],
    [{ name: 'A', iban: 'DE8937040044053201300' }, 'iban has not the length that IBANs of its country have'],
    [{ name: 'A', iban: 'XX89370400440532013000' }, 'iban begins with a country that has no IBANs'],
    [{ name: 'A', iban: 'BR1800360305000010009795493C1' }, 'iban is of a country outside of SEPA'],
    [{ name: 'A', iban: IBAN, bic: 'DEUT' }, 'bic must be a BIC of 8 or 11 characters'],
    [{ name: 'A', iban: 42 }, 'iban must be a text of 1 to 50 characters'],
    [{ name: ' ', iban: IBAN }, 'name must be a text of 1 to 140 characters'],
    [{ iban: IBAN }, 'name is required'],
    [{ name: 'A', iban: IBAN, swift: 'x' }, 'swift is not known'],
    [null, ' must be an object'],
  ])('is not %j', (details, objection) => {
    const said = refusal(details);
    expect(said).toEqual(['VALIDATION_FAILED', expect.arrayContaining([objection])]);
    expect(JSON.stringify(said)).not.toContain('0532');
  });

  it('is in one of 41 countries, or in Gibraltar', () => {
    expect(rail.capabilities.countries).toHaveProperty('size', 42);
  });

  it('is shown by its country and its last four characters, and is one account however it is spelled', () => {
    const destination = rail.destinationOf({ name: 'Ada', iban: 'de89 3704 0044 0532 0130 00' });
    expect(rail.mask(destination)).toBe('DE•• •••• 3000');
    expect(rail.fingerprintOf(destination)).toBe(
      rail.fingerprintOf(rail.destinationOf({ name: 'Other', iban: debtor.iban, bic: 'COBADEFF' })),
    );
  });
});

describe('the file of a batch', () => {
  const many = [
    payment(3, { micros: 999_999_999_990_000n }),
    payment(1, { name: '<Γιώργος> & "Söhne" 王 ' + 'x'.repeat(200), bic: 'BNPAFRPPXXX' }),
    payment(2, { micros: 10_000n }),
  ];

  it('is what the schema of pain.001.001.09 says', () => {
    expect(objectionsTo('pain.001.001.09', fileOf(many))).toEqual([]);
    expect(objectionsTo('pain.001.001.09', fileOf(many, sepaRail({ ...debtor, bic: undefined })))).toEqual([]);
    expect(objectionsTo('pain.001.001.09', fileOf(many).replace('SLEV', 'SLAV'))).not.toEqual([]);
  });

  it('names the batch and each payout, and counts and sums exactly', () => {
    const file = fileOf(many);
    expect(file).toContain('<MsgId>01936f2a7b1c7d3e8f4a5b6c7d8e9f0a</MsgId><CreDtTm>2026-11-21T10:11:12Z</CreDtTm>');
    expect(file.split('<NbOfTxs>3</NbOfTxs><CtrlSum>1000000012.34</CtrlSum>')).toHaveLength(3);
    expect(
      [...file.matchAll(/<EndToEndId>(\w+)<\/EndToEndId>.*?>([0-9.]+)<\/InstdAmt>/g)].map(([, id, sum]) => [id, sum]),
    ).toEqual([
      ['01936f2a7b1c7d3e8f4a000000000001', '12.34'],
      ['01936f2a7b1c7d3e8f4a000000000002', '0.01'],
      ['01936f2a7b1c7d3e8f4a000000000003', '999999999.99'],
    ]);
    expect(file).toContain("<Nm>.Giorgos. + 'Sohne' . xxx");
    expect(file).toContain('<Dbtr><Nm>Zahlstelle + Sohne GmbH</Nm></Dbtr>');
  });

  it('asks for a day on which TARGET is open', () => {
    const dayOf = (made: string) => {
      const { bytes } = rail.makeFile({
        id: batchId,
        tenantId: payment(1).tenantId,
        currency: EUR,
        createdAt: new Date(made),
        payments: [payment(1)],
      });
      return /<ReqdExctnDt><Dt>([0-9-]+)</.exec(new TextDecoder().decode(bytes))?.[1];
    };
    // A Thursday before Easter, Good Friday, and a Saturday.
    expect(dayOf('2026-04-02T23:59:00Z')).toBe('2026-04-02');
    expect(dayOf('2026-04-03T00:00:00Z')).toBe('2026-04-07');
    expect(dayOf('2026-11-21T10:11:12Z')).toBe('2026-11-23');
  });

  it('is the same whatever the order in which its payments come', () => {
    expect(fileOf(many.toReversed())).toBe(fileOf(many));
  });

  it('is not made of fractions of a cent or of other money', () => {
    expect(() => fileOf([payment(1, { micros: 10_001n })])).toThrow('whole cents');
    expect(() => fileOf([{ ...payment(1), currency: currencyOf('USD') }])).toThrow('whole cents');
  });
});

describe('the settings', () => {
  it('make the rail, leave it off, or stop the boot when half of them is there', () => {
    expect(sepaRailOf({})).toBeUndefined();
    expect(sepaRailOf({ SEPA_DEBTOR_NAME: 'A', SEPA_DEBTOR_IBAN: IBAN })?.kind).toBe('sepa');
    expect(() => sepaRailOf({ SEPA_DEBTOR_IBAN: IBAN })).toThrow('SEPA_DEBTOR_NAME');
    expect(sepaSettings.SEPA_DEBTOR_IBAN.parse('de89 3704 0044 0532 0130 00')).toBe('DE89370400440532013000');
    expect(sepaSettings.SEPA_DEBTOR_IBAN.safeParse('DE00').success).toBe(false);
  });
});
