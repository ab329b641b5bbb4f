import { expecting, get } from './gateway.js';

type AccountName = 'pending' | 'held' | 'available' | 'inTransit';

interface BalanceWithAccounts {
  readonly currency: string;
  readonly accounts: Readonly<Record<AccountName, string>>;
}

/** The id of one of a person's ledger accounts; they stand beside the balances. */
export async function accountIdOf(
  person: { readonly token: string },
  name: AccountName,
  currency = 'USD',
): Promise<string> {
  const { balances } = expecting(
    200,
    await get<{ balances: readonly BalanceWithAccounts[] }>('/v1/balances/me', { as: person.token }),
  );
  const id = balances.find((balance) => balance.currency === currency)?.accounts[name];
  if (id === undefined) throw new Error(`there is no ${name} account in ${currency}`);
  return id;
}
