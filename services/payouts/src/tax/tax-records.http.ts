import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, uuidSchema } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Param, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { plainLine } from '../plain-text.http.js';
import { EU_COUNTRIES, US_NUMBER_TYPES } from './tax-number.js';
import { FORM_STATUSES, TAX_FORMS } from './tax-record.js';
import { type TaxRecordReport, TaxRecords } from './tax-records.js';

/** Regions that ICU names and that are no country. */
const NO_COUNTRIES = new Set(['EU', 'EZ', 'UN', 'QO', 'ZZ', 'XA', 'XB']);
const countryNames = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
/** Longest number of any country, with separators. */
const MAX_NUMBER = 40;

const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, 'must be two capital letters')
  .refine((code) => !NO_COUNTRIES.has(code) && countryNames.of(code) !== undefined, 'is not a country')
  .meta({ description: 'ISO 3166-1 alpha-2.' });
const nameSchema = plainLine(200);
const numberSchema = plainLine(MAX_NUMBER);
const birthDateSchema = z
  .string()
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'must be a date such as 1980-05-31')
  .meta({ format: 'date' });
const certifiedSchema = z.literal(true).meta({
  description: 'That the person was shown what the form has them certify, under penalties of perjury, and did.',
});
const addressSchema = z.strictObject({
  line1: plainLine(200),
  line2: plainLine(200).optional(),
  city: plainLine(100),
  region: plainLine(100).optional(),
  postalCode: plainLine(20).optional(),
});
const usNumberSchema = z.strictObject({ type: z.enum(US_NUMBER_TYPES), value: numberSchema });

const w9 = z.strictObject({
  form: z.literal('w9').meta({ description: 'IRS Form W-9, of a US person.' }),
  name: nameSchema,
  businessName: nameSchema.optional(),
  classification: z.enum([
    'individual',
    'c_corporation',
    's_corporation',
    'partnership',
    'trust_estate',
    'llc',
    'other',
  ]),
  address: addressSchema,
  number: usNumberSchema.optional().meta({ description: 'Left out: applied for, or not given.' }),
  certified: certifiedSchema,
});

const w8ben = z.strictObject({
  form: z.literal('w8ben').meta({ description: 'IRS Form W-8BEN, of an individual who is no US person.' }),
  name: nameSchema,
  birthDate: birthDateSchema,
  citizenship: countrySchema,
  country: countrySchema,
  address: addressSchema,
  foreignNumber: numberSchema.optional().meta({ description: 'The tax number of the country of residence.' }),
  usNumber: usNumberSchema.optional(),
  treaty: z
    .strictObject({
      rateBps: z.int().min(0).max(3_000).meta({ description: 'Basis points; 30 % is what holds without a treaty.' }),
      article: plainLine(100),
    })
    .optional(),
  certified: certifiedSchema,
});

const eu = z.strictObject({
  form: z.literal('eu').meta({ description: 'Tax identity of somebody resident in the EU, as DAC7 asks for.' }),
  kind: z.enum(['individual', 'entity']),
  name: nameSchema,
  birthDate: birthDateSchema.optional(),
  country: countrySchema.refine((code) => EU_COUNTRIES.includes(code), 'is not in the European Union'),
  address: addressSchema,
  number: numberSchema.meta({ description: 'The tax identification number of the country.' }),
  vatId: numberSchema.optional().meta({ description: 'With the country before it: DE…, Greek ones EL….' }),
  certified: certifiedSchema,
});

const recordBody = z.discriminatedUnion('form', [w9, w8ben, eu]).meta({ id: 'TaxRecordInput' });

const recordSchema = z
  .object({
    version: z.int(),
    form: z.enum(TAX_FORMS),
    status: z.enum(FORM_STATUSES).meta({ description: 'What the form is worth now.' }),
    country: z.string(),
    number: z.string().nullable().meta({ description: 'The last four characters; null: none was given.' }),
    treatyRateBps: z.int().nullable(),
    submittedAt: z.string().meta({ format: 'date-time' }),
    expiresAt: z.string().nullable().meta({ format: 'date-time', description: 'null: it does not run out.' }),
  })
  .meta({ id: 'TaxRecord', description: 'What is on file, without what is personal.' });

type RecordView = z.infer<typeof recordSchema>;

@Controller()
export class TaxRecordsHttp {
  readonly #records: TaxRecords;

  constructor(@Inject(TaxRecords) records: TaxRecords) {
    this.#records = records;
  }

  @Get('v1/tax-record')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The last version.', schema: recordSchema } },
    { summary: 'Read the own tax record', problems: ['NOT_FOUND'] },
  )
  async mine(@Caller() caller: Principal): Promise<RecordView> {
    const { tenantId, userId } = viewerOf(caller);
    return viewRecord(await this.#records.read(tenantId, userId));
  }

  @Put('v1/tax-record')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The version that counts from now on.', schema: recordSchema } },
    {
      summary: 'Declare for tax',
      description:
        'A new version each time; earlier ones are kept, sealed. Numbers are checked by their published rules.',
    },
  )
  async declare(
    @Body({ schema: recordBody }) declaration: z.output<typeof recordBody>,
    @Caller() caller: Principal,
  ): Promise<RecordView> {
    const { tenantId, userId: personId } = viewerOf(caller);
    return viewRecord(await this.#records.submit({ tenantId, personId, declaration }));
  }

  @Get('v1/tax-records/:personId')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The last version.', schema: recordSchema } },
    { summary: 'Read somebody’s tax record, masked', problems: ['NOT_FOUND'] },
  )
  async read(
    @Param('personId', { schema: uuidSchema }) personId: string,
    @Caller() caller: Principal,
  ): Promise<RecordView> {
    return viewRecord(await this.#records.read(asTenantId(tenantOf(caller)), asUserId(personId)));
  }
}

function viewRecord({ record, status }: TaxRecordReport): RecordView {
  return {
    version: record.version,
    form: record.form,
    status,
    country: record.country,
    number: record.maskedNumber ?? null,
    treatyRateBps: record.treatyRateBps ?? null,
    submittedAt: record.submittedAt.toISOString(),
    expiresAt: record.expiresAt?.toISOString() ?? null,
  };
}
