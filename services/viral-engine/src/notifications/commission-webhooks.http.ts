import { WebhookDeliveriesHttp, WebhookSubscriptionsHttp } from '@dailydoco/webhooks';
import { Controller } from '@nestjs/common';

/** Who is told of commissions. */
@Controller('v1/commission-webhooks')
export class CommissionWebhooksHttp extends WebhookSubscriptionsHttp {}

/** What became of the messages about commissions. */
@Controller('v1/commission-webhooks/:id')
export class CommissionWebhookDeliveriesHttp extends WebhookDeliveriesHttp {}
