import { randomBytes } from 'node:crypto';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { jaroWinkler } from '@skyra/jaro-winkler';
import { asPayoutMethodId, type PayoutMethodId, type TenantId, type UserId } from '../src/ids.js';
import { methodSecrecy } from '../src/methods/methods.module.js';
import { PayoutMethodStore } from '../src/methods/payout-method.store.js';
import type { Payout } from '../src/payouts/payout.js';
import type { FindingSource } from '../src/payouts/screen.js';
import { screens } from '../src/risk/screens.module.js';
import { ListIndexes } from '../src/screening/list-indexes.store.js';
import type { ScreeningTools } from '../src/screening/screening-in.store.js';
import { type Books, SEALING } from './books.js';

/** What screens need besides the database, as a process would have it. */
export function screeningTools({ clock }: Books): ScreeningTools {
  return { clock, newId, randomBytes, nameIndexes: new ListIndexes(jaroWinkler), config: SEALING };
}

/** The codes that a source finds about each payout, all screened in one database transaction. */
export async function findingsOf(
  books: Books,
  source: FindingSource,
  payouts: readonly Payout[],
  tools = screeningTools(books),
): Promise<string[][]> {
  const codes = new Map(payouts.map(({ id }): [string, string[]] => [id, []]));
  await inDatabaseTransaction(books.pool, async (tx) => {
    for (const screen of screens(tx, tools)) {
      for (const [id, found] of await screen.findingsOf(payouts)) {
        codes.get(id)?.push(...found.filter((each) => each.source === source).map(({ code }) => code));
      }
    }
  });
  return [...codes.values()];
}

/** A method with a bank account in the person's name, or another's; `account` tells accounts apart. */
export async function addBankAccount(
  { pool, outbox, clock }: Books,
  { tenantId, personId, name, account }: { tenantId: TenantId; personId: UserId; name: string; account: string },
): Promise<PayoutMethodId> {
  const store = new PayoutMethodStore(pool, methodSecrecy({ randomBytes, outbox, config: SEALING }));
  const id = asPayoutMethodId(newId());
  const shown = { masked: '••••', outcome: undefined, country: undefined, heldUntil: undefined };
  const method = { tenantId, personId, id, kind: 'sepa' as const, ...shown, createdAt: clock.now() };
  await store.add(method, { details: { name, iban: 'DE89370400440532013000' }, account });
  return id;
}
