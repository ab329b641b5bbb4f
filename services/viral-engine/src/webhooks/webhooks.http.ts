import { Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, uuidSchema } from '@dailydoco/http';
import { Body, Controller, Inject, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asEndpointId } from '../ids.js';
import { ReceiveEvent } from './receive-event.js';

const stripeEvent = z
  .looseObject({ id: z.string(), type: z.string() })
  .meta({ id: 'StripeEvent', description: "An event as Stripe's API describes it." });

const receivedSchema = z.object({
  received: z.literal(true),
  duplicate: z.boolean().meta({ description: 'The event came before; nothing more will be done.' }),
  ignored: z.boolean().meta({ description: 'The event means nothing to us.' }),
});

@Controller('v1/webhooks')
@Requires({ anyone: true })
export class WebhooksHttp {
  readonly #receive: ReceiveEvent;

  constructor(@Inject(ReceiveEvent) receive: ReceiveEvent) {
    this.#receive = receive;
  }

  @Post('stripe/:endpointId')
  @Answers(
    { 200: { description: 'The event is durable, or needs not be.', schema: receivedSchema } },
    {
      summary: 'Take an event of Stripe',
      description:
        'Called by Stripe, which signs the body (`Stripe-Signature`). Stored before the answer, applied within seconds. Takes invoice.paid, invoice_payment.paid, charge.refunded, charge.dispute.created, charge.dispute.funds_withdrawn and charge.dispute.closed.',
      problems: ['NOT_FOUND', 'SIGNATURE_INVALID'],
    },
  )
  async receiveStripe(
    @Param('endpointId', { schema: uuidSchema }) endpointId: string,
    @Body({ schema: stripeEvent }) _event: z.output<typeof stripeEvent>,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof receivedSchema>> {
    const { [STRIPE_SIGNATURE]: signature } = request.headers;
    if (typeof signature !== 'string' || request.rawBody === undefined) throw new DomainError('SIGNATURE_INVALID');
    const met = await this.#receive.receive(asEndpointId(endpointId), { body: request.rawBody, signature });
    return { received: true, ...met };
  }
}

const STRIPE_SIGNATURE = 'stripe-signature';
