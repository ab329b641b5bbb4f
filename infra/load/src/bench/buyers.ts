import { randomBytes } from 'node:crypto';
import { Api, type Fleet, type Registered } from '@dailydoco/local';
import type { World } from '../world.js';

/** People at the end of the world's chain, each with seven above who earn. */
export async function makeBuyers(fleet: Fleet, world: World, howMany: number): Promise<Registered[]> {
  const parent = world.people.at(-2);
  if (parent === undefined) throw new Error('the chain is empty');
  const { code } = await world.api.get<{ code: string }>('/v1/referrals/me', { token: parent.tokens.accessToken });
  // Straight to identity: the gateway lets an address register 60 people a minute.
  const identity = new Api(`http://127.0.0.1:${fleet.addresses.ports.identity.http}`);
  const buyers: Registered[] = [];
  for (let index = 0; index < howMany; index += 1)
    buyers.push(
      await identity.post<Registered>(
        '/v1/auth/register',
        {
          email: `buyer-${index}-${world.run}@example.com`,
          password: randomBytes(15).toString('base64url'),
          displayName: `Buyer ${index}`,
          referralCode: code,
        },
        { host: world.tenant.host },
      ),
    );
  return buyers;
}
