import { Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers } from '@dailydoco/http';
import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ReceiveStripeEvent } from './receive-stripe-event.js';

/** Where Stripe sends its events to; the bytes of what comes here are kept for the signature. */
export const STRIPE_EVENTS_PATH = '/v1/rails/stripe/events';
const SIGNATURE = 'stripe-signature';

const railEvent = z
  .looseObject({ id: z.string(), type: z.string() })
  .meta({ id: 'StripeRailEvent', description: "An event as Stripe's API describes it." });

const receivedSchema = z.object({
  received: z.literal(true),
  duplicate: z.boolean().meta({ description: 'The event came before; nothing more will be done.' }),
  ignored: z.boolean().meta({ description: 'The event tells nothing of a payout.' }),
});

@Controller(STRIPE_EVENTS_PATH.slice(1))
@Requires({ anyone: true })
export class StripeEventsHttp {
  readonly #receive: ReceiveStripeEvent;

  constructor(@Inject(ReceiveStripeEvent) receive: ReceiveStripeEvent) {
    this.#receive = receive;
  }

  @Post()
  @Answers(
    { 200: { description: 'The event is durable, or needs not be.', schema: receivedSchema } },
    {
      summary: 'Take an event of Stripe about a payout',
      description:
        'Called by Stripe, which signs the body (`Stripe-Signature`). Takes transfer.created, transfer.updated and transfer.reversed of the platform’s own account. 404 where the installation has no webhook secret for this rail.',
      problems: ['NOT_FOUND', 'SIGNATURE_INVALID'],
    },
  )
  async receiveEvent(
    @Body({ schema: railEvent }) _event: z.output<typeof railEvent>,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof receivedSchema>> {
    const { [SIGNATURE]: signature } = request.headers;
    if (typeof signature !== 'string' || request.rawBody === undefined) throw new DomainError('SIGNATURE_INVALID');
    return { received: true, ...(await this.#receive.receive({ body: request.rawBody, signature })) };
  }
}
