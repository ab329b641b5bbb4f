import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import {
  Answers,
  decodePageToken,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  page,
  pageQuerySchema,
  pageSchema,
  replyWith,
  uuidSchema,
} from '@dailydoco/http';
import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asBankFileId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import {
  bankFileReportSchema,
  bankFileSchema,
  type BankFileReportView,
  type BankFileView,
  viewBankFile,
  viewBankFileReport,
} from './bank-file-view.http.js';
import { BankFiles } from './bank-files.js';
import { MAX_FILE_BYTES } from './file-body.http.js';

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/bank-files')
export class BankFilesHttp {
  readonly #files: BankFiles;

  constructor(@Inject(BankFiles) files: BankFiles) {
    this.#files = files;
  }

  @Post()
  @Requires({ person: { roles: ['finance'] } })
  @ApiConsumes('application/xml', 'text/xml', 'text/plain', 'application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary', maxLength: MAX_FILE_BYTES } })
  @Answers(
    {
      201: { description: 'The file as it was taken; its facts are reported within seconds.', schema: bankFileSchema },
    },
    {
      summary: 'Bring in a file of a bank',
      description:
        'A pain.002 status report, a camt.053 statement, or Nacha returns, as the bank sent it. All of it is taken or nothing.',
      problems: ['FILE_MALFORMED', 'FILE_IMPORTED', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    },
  )
  async bring(
    @Req() request: FastifyRequest,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BankFileView> {
    const { tenantId, userId: importedBy } = viewerOf(caller);
    const { body: bytes } = request;
    if (!(bytes instanceof Uint8Array)) {
      throw bytes === undefined || bytes === null
        ? new DomainError('FILE_MALFORMED', { detail: 'Line 1: it is empty.' })
        : new DomainError('UNSUPPORTED_MEDIA_TYPE');
    }
    const answer = await this.#files.import(
      { tenantId, importedBy, bytes },
      { call: { key, scope }, answer: (file) => ({ status: 201, body: viewBankFile(file) }) },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Requires({ person: { roles: ['support', 'finance'] } })
  @Answers(
    { 200: { description: 'Files, the last one first.', schema: pageSchema(bankFileSchema) } },
    { summary: 'List the files of banks' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: BankFileView[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const files = await this.#files.list({
      tenantId: viewerOf(caller).tenantId,
      before: pageToken === undefined ? undefined : asBankFileId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(files, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewBankFile), ...rest };
  }

  @Get(':id')
  @Requires({ person: { roles: ['support', 'finance'] } })
  @Answers(
    { 200: { description: 'The file with what needs a look, at most 200 of each.', schema: bankFileReportSchema } },
    { summary: 'Read a file of a bank', problems: ['NOT_FOUND'] },
  )
  async read(
    @Param('id', { schema: uuidSchema }) id: string,
    @Caller() caller: Principal,
  ): Promise<BankFileReportView> {
    return viewBankFileReport(await this.#files.read(viewerOf(caller).tenantId, asBankFileId(id)));
  }
}
