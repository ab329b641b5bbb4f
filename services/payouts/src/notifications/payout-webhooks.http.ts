import { WebhookDeliveriesHttp, WebhookSubscriptionsHttp } from '@dailydoco/webhooks';
import { Controller } from '@nestjs/common';

/** Who is told of payouts. */
@Controller('v1/payout-webhooks')
export class PayoutWebhooksHttp extends WebhookSubscriptionsHttp {}

/** What became of the messages about payouts. */
@Controller('v1/payout-webhooks/:id')
export class PayoutWebhookDeliveriesHttp extends WebhookDeliveriesHttp {}
