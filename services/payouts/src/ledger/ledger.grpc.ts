import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import { decodePageToken, page, uuidSchema } from '@dailydoco/http';
import {
  type GetBalancesRequest,
  type GetBalancesResponse,
  type GetTrialBalanceRequest,
  type GetTrialBalanceResponse,
  LedgerServiceService,
  type ListCausedJournalsRequest,
  type ListCausedJournalsResponse,
  type ListJournalsRequest,
  type ListJournalsResponse,
  type ListStatementLinesRequest,
  type ListStatementLinesResponse,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import { Inject } from '@nestjs/common';
import { z } from 'zod';
import { asAccountId, asJournalId, asTenantId } from '../ids.js';
import { moment, optionalUuid, pageFields, readRequest } from '../rpc-fields.grpc.js';
import { ExportLedger } from './export-ledger.js';
import { factOf, FindJournal, JOURNAL_FACTS } from './find-journal.js';
import { toBalanceMessage, toJournalMessage, toLineMessage } from './ledger-messages.codec.js';
import { ReadLedger } from './read-ledger.js';
import { viewerOfCall } from './viewer.grpc.js';

const balancesRequest = z.object({ personId: optionalUuid, asOf: moment.optional() });
const trialBalanceRequest = z.object({ asOf: moment.optional() });
const linesRequest = z.object({
  personId: optionalUuid,
  accountId: uuidSchema,
  from: moment.optional(),
  to: moment.optional(),
  ...pageFields,
});
const factRequest = z.object({
  fact: z.object({ $case: z.enum(JOURNAL_FACTS), value: uuidSchema }, 'one of them must be set'),
  ...pageFields,
});
const journalsRequest = z.object({ from: moment, to: moment, after: optionalUuid });

const linePosition = z.strictObject({ position: z.string().regex(/^[1-9][0-9]{0,17}$/) });
const journalPosition = z.strictObject({ id: uuidSchema });

@GrpcController(LedgerServiceService)
@GrpcRequires({ person: true, service: true })
export class LedgerGrpc implements GrpcHandlers<typeof LedgerServiceService> {
  readonly #ledger: ReadLedger;
  readonly #journals: FindJournal;
  readonly #export: ExportLedger;

  constructor(
    @Inject(ReadLedger) ledger: ReadLedger,
    @Inject(FindJournal) journals: FindJournal,
    @Inject(ExportLedger) exportLedger: ExportLedger,
  ) {
    this.#ledger = ledger;
    this.#journals = journals;
    this.#export = exportLedger;
  }

  async getBalances(request: GetBalancesRequest, call: CallContext): Promise<GetBalancesResponse> {
    const { personId, asOf } = readRequest(balancesRequest, request);
    const balances = await this.#ledger.balancesOf(viewerOfCall(call, personId), asOf);
    return { balances: balances.map(toBalanceMessage) };
  }

  async listStatementLines(request: ListStatementLinesRequest, call: CallContext): Promise<ListStatementLinesResponse> {
    const { personId, accountId, from, to, pageSize, pageToken } = readRequest(linesRequest, request);
    const { account, lines } = await this.#ledger.statement(viewerOfCall(call, personId), {
      accountId: asAccountId(accountId),
      from,
      to,
      before: pageToken === undefined ? undefined : BigInt(decodePageToken(pageToken, linePosition).position),
      limit: pageSize + 1,
    });
    const { items, nextPageToken = '' } = page(lines, pageSize, ({ position }) => ({ position: position.toString() }));
    return { currencyCode: account.currency, lines: items.map(toLineMessage), nextPageToken };
  }

  @GrpcRequires({ person: { roles: ['finance'] }, service: true })
  async getTrialBalance(request: GetTrialBalanceRequest, call: CallContext): Promise<GetTrialBalanceResponse> {
    const { asOf } = readRequest(trialBalanceRequest, request);
    const currencies = await this.#ledger.trialBalance({ tenantId: asTenantId(call.tenantId) }, asOf);
    return { currencies: currencies.map(({ currency: currencyCode, ...sums }) => ({ currencyCode, ...sums })) };
  }

  @GrpcRequires({ person: { roles: ['finance', 'support'] }, service: true })
  async listCausedJournals(request: ListCausedJournalsRequest, call: CallContext): Promise<ListCausedJournalsResponse> {
    const { fact, pageSize, pageToken } = readRequest(factRequest, request);
    const found = await this.#journals.causedBy({
      tenantId: asTenantId(call.tenantId),
      fact: factOf(fact.$case, fact.value),
      after: pageToken === undefined ? undefined : asJournalId(decodePageToken(pageToken, journalPosition).id),
      limit: pageSize + 1,
    });
    const { items, nextPageToken = '' } = page(found, pageSize, ({ id }) => ({ id }));
    return { journals: items.map(toJournalMessage), nextPageToken };
  }

  @GrpcRequires({ person: { roles: ['finance'] }, service: true })
  async *listJournals(request: ListJournalsRequest, call: CallContext): AsyncGenerator<ListJournalsResponse> {
    const { after, ...range } = readRequest(journalsRequest, request);
    const journals = await this.#export.journals({
      ...range,
      tenantId: asTenantId(call.tenantId),
      after: after === undefined ? undefined : asJournalId(after),
    });
    for await (const journal of journals) yield { journal: toJournalMessage(journal) };
  }
}
