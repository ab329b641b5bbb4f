import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { z } from 'zod';
import { asJournalId } from '../ids.js';
import { HOUSE_KINDS, PERSON_KINDS } from './account.js';
import { CAUSES } from './export-ledger.js';
import { FindJournal, type LinkedJournal } from './find-journal.js';
import { viewerOf } from './viewer.http.js';

const journalSchema = z
  .object({
    id: uuidSchema,
    event: z.string().meta({ example: 'CommissionsAccrued' }),
    occurredAt: z.string().meta({ format: 'date-time', description: 'The effective date: when the fact took place.' }),
    recordedAt: z.string().meta({ format: 'date-time', description: 'Decides the period.' }),
    cause: z
      .partialRecord(z.enum(CAUSES), z.string())
      .meta({ description: 'What it books, and what it is linked to.' }),
    postings: z.array(
      z.object({
        accountId: uuidSchema,
        account: z.enum([...PERSON_KINDS, ...HOUSE_KINDS]),
        ownerId: uuidSchema.optional().meta({ description: 'The person; absent on accounts of the house.' }),
        amount: moneyAnswerSchema.meta({ description: 'Signed: a credit is positive.' }),
      }),
    ),
    reversedBy: uuidSchema.optional().meta({ description: 'The journal that took it back.' }),
    correctedBy: z.array(uuidSchema).meta({ description: 'Journals that put it right otherwise.' }),
    seal: z
      .object({ number: z.string(), hash: z.string() })
      .optional()
      .meta({ description: 'Its place in the chain of hashes; absent for the seconds until it is sealed.' }),
  })
  .meta({ id: 'Journal' });

type JournalView = z.infer<typeof journalSchema>;

@Controller('v1/ledger/journals')
export class JournalsHttp {
  readonly #journals: FindJournal;

  constructor(@Inject(FindJournal) journals: FindJournal) {
    this.#journals = journals;
  }

  @Get(':id')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The journal with its postings and links.', schema: journalSchema } },
    { summary: 'Look at a journal', problems: ['NOT_FOUND'] },
  )
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<JournalView> {
    return viewJournal(await this.#journals.find(viewerOf(caller).tenantId, asJournalId(id)));
  }
}

function viewJournal(journal: LinkedJournal): JournalView {
  const { id, event, currency, effectiveAt, recordedAt, cause, postings, reversedBy, correctedBy, seal } = journal;
  return {
    id,
    event,
    occurredAt: effectiveAt.toISOString(),
    recordedAt: recordedAt.toISOString(),
    cause: { ...cause },
    postings: postings.map(({ accountId, kind, ownerId, amountMicros }) => ({
      accountId,
      account: kind,
      ownerId,
      amount: formatMoney({ amountMicros, currency }),
    })),
    reversedBy,
    correctedBy: [...correctedBy],
    seal: seal && { number: seal.number.toString(), hash: Buffer.from(seal.hash).toString('hex') },
  };
}
