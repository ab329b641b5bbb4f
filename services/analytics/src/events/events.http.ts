import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, IdempotencyKey, type IdempotencyScope, KeyScope, replyWith } from '@dailydoco/http';
import { Body, Controller, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import type { Sender } from './event.js';
import { eventsBody, hashOfEvents, readEvent, recordedSchema } from './event-fields.http.js';
import { RecordEvents, type Recorded } from './record-events.js';

@Controller('v1/events')
export class EventsHttp {
  readonly #recordEvents: RecordEvents;

  constructor(@Inject(RecordEvents) recordEvents: RecordEvents) {
    this.#recordEvents = recordEvents;
  }

  @Post()
  @Requires({ person: true, apiKey: { scopes: ['events:write'] } })
  @Answers(
    { 202: { description: 'How many were new, how many known, and which were not taken.', schema: recordedSchema } },
    {
      summary: 'Record events',
      description:
        'Each event stands for itself: one that is wrong is rejected with a code and does not stop the others. Durable before it answers; the same request may be sent again: its events count as duplicates, or under an Idempotency-Key the first answer comes again. A site sends with its write key.',
    },
  )
  async record(
    @Body({ schema: eventsBody }) { events }: z.output<typeof eventsBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Recorded> {
    const answer = await this.#recordEvents.record(
      events.map(readEvent),
      { tenantId: asTenantId(tenantOf(caller)), sender: senderOf(caller) },
      key === undefined ? undefined : { key, scope, requestHash: hashOfEvents(events) },
    );
    return replyWith(reply, answer);
  }
}

function senderOf(caller: Principal): Sender {
  switch (caller.kind) {
    case 'person':
      return { kind: 'person', id: asUserId(caller.userId) };
    case 'apiKey':
      return { kind: 'apiKey', id: caller.apiKeyId };
    case 'service':
      throw new DomainError('FORBIDDEN');
  }
}
