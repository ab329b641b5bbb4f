import { Readable } from 'node:stream';
import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, timestampSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Query, StreamableFile } from '@nestjs/common';
import { z } from 'zod';
import { asJournalId } from '../ids.js';
import { EXPORT_FORMATS, ExportLedger } from './export-ledger.js';
import { viewerOf } from './viewer.http.js';

const exportQuery = z.strictObject({
  from: timestampSchema.meta({ description: 'Recorded at this moment or later.' }),
  to: timestampSchema.meta({ description: 'Recorded before this moment.' }),
  format: z
    .enum(EXPORT_FORMATS)
    .default('csv')
    .meta({ description: 'csv: a line for each posting. jsonl: a line for each journal.' }),
  after: uuidSchema
    .optional()
    .meta({ description: 'The last journal that came whole: the export goes on behind it, without a header.' }),
});

const MEDIA_TYPES = { csv: 'text/csv; charset=utf-8', jsonl: 'application/jsonl; charset=utf-8' } as const;

@Controller('v1/ledger/export')
export class ExportHttp {
  readonly #ledger: ExportLedger;

  constructor(@Inject(ExportLedger) ledger: ExportLedger) {
    this.#ledger = ledger;
  }

  @Get()
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The journals of the range in the order of their recording, as text.' } },
    {
      summary: 'Export the ledger',
      description: 'A closed period is exported the same at any time; an open one as far as it has come.',
    },
  )
  async read(
    @Query({ schema: exportQuery }) query: z.output<typeof exportQuery>,
    @Caller() caller: Principal,
  ): Promise<StreamableFile> {
    const { from, to, format, after } = query;
    const { tenantId } = viewerOf(caller);
    const range = { tenantId, from, to, after: after === undefined ? undefined : asJournalId(after) };
    const parts = await this.#ledger.start(range, format);
    // Without object mode, so that no more is read ahead than a client takes.
    const stream = Readable.from(parts, { objectMode: false });
    const name = `ledger-${from.toISOString().slice(0, 10)}-${to.toISOString().slice(0, 10)}.${format}`;
    return new StreamableFile(stream, { type: MEDIA_TYPES[format], disposition: `attachment; filename="${name}"` });
  }
}
