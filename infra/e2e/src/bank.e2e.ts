import { expect, it } from '@jest/globals';
import { Api, payBySepaFile, type Registered } from '@dailydoco/local';
import { fleet } from './fleet.js';
import { at, newKey, openTenant, type Person, registerChain, unique } from './world.js';

const registered = ({ id, tokens }: Person, displayName: string): Registered => ({ user: { id, displayName }, tokens });

it('the demo pays a partner by SEPA file, and the bank’s statement is reconciled', async () => {
  const tenant = await openTenant('bank');
  const chain = await registerChain(tenant, 2);
  const { key } = await newKey(tenant, 'purchases:write', 'purchases:read');
  const said: string[] = [];
  // The chapter checks every number itself and throws when one is wrong.
  await payBySepaFile({
    api: new Api(fleet.gatewayUrl),
    run: unique('bank'),
    partner: registered(at(chain, 0), 'Fay'),
    buyer: registered(at(chain, 1), 'Gus'),
    ownerToken: tenant.owner.token,
    apiKey: key,
    say: (text) => said.push(text),
  });
  const story = said.join('\n');
  for (const part of ['FR•• •••• 2606', '<CtrlSum>24.00</CtrlSum>', 'FILE_IMPORTED', 'BALANCED', 'Paid in all: 24.00'])
    expect(story).toContain(part);
});
