import { externalIdSchema } from '@dailydoco/http';
import type { z } from 'zod';

/** A customer as the billing system names it. */
export const customerIdSchema = externalIdSchema.meta({
  description: "The billing system's own id of its customer, unique per tenant. Opaque: no e-mail address, no name.",
});

/** Which of the two ways to say who bought is wrong, if any: exactly one of them must be there. */
export function refineBuyer(
  { buyerId, customerId }: { buyerId?: string | undefined; customerId?: string | undefined },
  context: z.RefinementCtx,
): void {
  if ((buyerId === undefined) !== (customerId === undefined)) return;
  const message = buyerId === undefined ? 'either buyerId or customerId is needed' : 'not both buyerId and customerId';
  context.addIssue({ code: 'custom', path: ['buyerId'], message });
}
