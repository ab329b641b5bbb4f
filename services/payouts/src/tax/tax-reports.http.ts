import { Readable } from 'node:stream';
import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asTenantId, type TenantId } from '../ids.js';
import { RAIL_KINDS } from '../rails/rail.js';
import type { TaxReportLine } from './tax-report.js';
import { TAX_FORMS } from './tax-record.js';

/** Where Nest finds the report. */
export const TAX_REPORT = Symbol('TAX_REPORT');

export type TaxReport = (query: { tenantId: TenantId; year: number }) => AsyncIterable<TaxReportLine>;

const yearSchema = z.string().regex(/^20[0-9]{2}$/, 'must be a year such as 2026');
const reportQuery = z.strictObject({ format: z.enum(['json', 'csv']).default('json') });

const lineSchema = z.object({
  personId: uuidSchema,
  form: z.enum(TAX_FORMS).nullable().meta({ description: 'What the person declared last; null: nothing.' }),
  country: z.string().nullable(),
  number: z.string().nullable().meta({ description: 'The last four characters of the tax number.' }),
  rail: z.enum(RAIL_KINDS),
  payouts: z.int(),
  paid: moneyAnswerSchema.meta({ description: 'Settled in the year and not returned, with what was withheld.' }),
  withheld: moneyAnswerSchema,
});
const reportSchema = z
  .object({ year: z.int(), lines: z.array(lineSchema) })
  .meta({ id: 'TaxReport', description: 'By person, rail and currency, in the order of the persons’ ids.' });

type LineView = z.infer<typeof lineSchema>;

const COLUMNS = ['personId', 'form', 'country', 'number', 'rail', 'currency', 'payouts', 'paid', 'withheld'];

@Controller('v1/tax-reports')
@Requires({ person: { roles: ['finance'] } })
export class TaxReportsHttp {
  readonly #report: TaxReport;

  constructor(@Inject(TAX_REPORT) report: TaxReport) {
    this.#report = report;
  }

  @Get(':year')
  @Answers(
    { 200: { description: 'The report; as CSV with format=csv.', schema: reportSchema } },
    {
      summary: 'Read a year’s payments for tax',
      description: 'Payouts that settled in the year (UTC) and were not returned, by person, rail and currency.',
    },
  )
  read(
    @Param('year', { schema: yearSchema }) year: string,
    @Query({ schema: reportQuery }) { format }: z.output<typeof reportQuery>,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): void {
    const lines = this.#report({ tenantId: asTenantId(tenantOf(caller)), year: Number(year) });
    const text = format === 'csv' ? csvOf(lines) : jsonOf(lines, Number(year));
    void reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="tax-${year}.${format}"`)
      .send(Readable.from(text));
  }
}

async function* jsonOf(lines: AsyncIterable<TaxReportLine>, year: number): AsyncGenerator<string> {
  yield `{"year":${year},"lines":[`;
  let separator = '\n';
  for await (const line of lines) {
    yield `${separator}${JSON.stringify(viewLine(line))}`;
    separator = ',\n';
  }
  yield '\n]}\n';
}

async function* csvOf(lines: AsyncIterable<TaxReportLine>): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const line of lines) {
    const { personId, form, country, number, rail, payouts, paid, withheld } = viewLine(line);
    const fields = [personId, form, country, number, rail, paid.currency, payouts, paid.amount, withheld.amount];
    yield `${fields.map(csvField).join(',')}\r\n`;
  }
}

/** RFC 4180. A number begins with a dot, so that no spreadsheet takes what somebody wrote for a formula. */
function csvField(value: string | number | null): string {
  const text = value === null ? '' : `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function viewLine(line: TaxReportLine): LineView {
  const { personId, form, country, maskedNumber, rail, currency, payouts, paidMicros, withheldMicros } = line;
  return {
    personId,
    form: form ?? null,
    country: country ?? null,
    number: maskedNumber ?? null,
    rail,
    payouts,
    paid: formatMoney({ amountMicros: paidMicros, currency }),
    withheld: formatMoney({ amountMicros: withheldMicros, currency }),
  };
}
