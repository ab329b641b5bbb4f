import { type ConsumerDefinition, defineConsumer, events, isEvent } from '@dailydoco/events';
import { asTenantId, asUserId } from '../ids.js';
import type { Sealer } from '../secrets/sealer.js';
import { UserStore, type UserStoreTools } from '../users/user.store.js';
import { payoutMethodMail } from './mail.js';
import { MailStore } from './mail.store.js';

/** What no one is paid by: nothing to warn of. */
const SANDBOX = 'sandbox';

/** Tells a person that somebody, they one hopes, said where their payouts are to go. */
export function payoutMethodsConsumer(tools: UserStoreTools & { readonly sealer: Sealer }): ConsumerDefinition {
  return defineConsumer({
    name: 'identity-payout-methods',
    topics: ['payouts.events.v1'],
    handles: [events.payoutMethodAdded],
    async applyBatch(tx, received) {
      const users = new UserStore(tx, tools);
      const mails = new MailStore(tx, tools.sealer);
      for (const event of received) {
        if (!isEvent(event, events.payoutMethodAdded) || event.payload.rail === SANDBOX) continue;
        const { personId, heldUntil, addedAt = event.occurredAt } = event.payload;
        const [tenantId, userId] = [asTenantId(event.tenantId), asUserId(personId)];
        const user = await users.find(tenantId, userId);
        // Nobody to tell: the person was erased meanwhile.
        if (user === undefined) continue;
        const mail = payoutMethodMail(user, { addedAt, heldUntil });
        await mails.queue({ id: tools.newId(), tenantId, userId, mail, now: tools.clock.now() });
      }
    },
  });
}
