import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { makeWorld, ownerToken, Session, type World } from '@dailydoco/load';
import { Api, type Fleet, type Registered } from '@dailydoco/local';

/** What requests are made of: who asks, and about what. */
export interface Tokens {
  readonly run: string;
  readonly host: string;
  readonly apiKey: string;
  readonly buyers: readonly string[];
  readonly person: string;
  readonly code: string;
  readonly signIns: readonly { readonly email: string; readonly password: string }[];
  readonly slug: string;
  readonly writeKey: string;
}

/** A tenant with a chain of eight who buy and earn, some who sign in, and a published site. */
export interface Inhabitants {
  readonly world: World;
  /** Purchases by person of the chain so far. */
  readonly bought: number[];
  /** Purchases ever begun: external ids count on. */
  purchases: number;
  /** Fresh ones: they last for minutes, and a case for less. */
  tokens(): Promise<Tokens>;
  ownerToken(): Promise<string>;
  personTokens(): Promise<string[]>;
}

const SIGN_INS = 4;
const PATIENCE_MS = 60_000;

/** Between two cases a service may still be coming back. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await wait(500);
    }
  }
}

export async function settle(fleet: Fleet): Promise<Inhabitants> {
  const world = await makeWorld(fleet);
  const { api, tenant, run } = world;
  const { key: apiKey } = await api.post<{ key: string }>(
    '/v1/api-keys',
    { name: 'chaos', scopes: ['purchases:write', 'ai:invoke'] },
    { token: tenant.ownerToken },
  );
  const signIns = Array.from({ length: SIGN_INS }, (_, index) => ({
    email: `person-${index}-${run}@example.com`,
    password: randomBytes(15).toString('base64url'),
  }));
  const registered: Registered[] = [];
  for (const who of signIns)
    registered.push(
      await api.post<Registered>('/v1/auth/register', { ...who, displayName: 'Person' }, { host: tenant.host }),
    );
  const [first] = registered;
  if (first === undefined) throw new Error('nobody was registered');
  const session = new Session(api, first.tokens);
  const site = await publish(api, await session.token());
  const buyers = world.people.map(({ user }) => user.id);
  return {
    world,
    bought: buyers.map(() => 0),
    purchases: 0,
    tokens: async () => {
      const person = await patiently(() => session.token());
      return { run, host: tenant.host, apiKey, buyers, person, signIns, ...site };
    },
    ownerToken: () => patiently(() => ownerToken(world)),
    personTokens: () => Promise.all(world.sessions.map((one) => patiently(() => one.token()))),
  };
}

async function publish(api: Api, token: string): Promise<Pick<Tokens, 'code' | 'slug' | 'writeKey'>> {
  const { code } = await api.get<{ code: string }>('/v1/referrals/me', { token });
  const templates = await api.get<{ items: { id: string }[] }>('/v1/templates', { token });
  const made = await api.post<{ id: string; slug: string }>(
    '/v1/sites',
    { name: 'A page', templateId: templates.items[0]?.id ?? '' },
    { token },
  );
  await api.post(`/v1/sites/${made.id}/publish`, undefined, { token });
  const { key: writeKey } = await api.post<{ key: string }>(`/v1/sites/${made.id}/write-keys`, undefined, { token });
  return { code, slug: made.slug, writeKey };
}
