import { randomBytes } from 'node:crypto';
import {
  Api,
  CHAIN,
  type Fleet,
  type OpenedTenant,
  openTenant,
  type Registered,
  registerChain,
} from '@dailydoco/local';

/** A tenant with a chain of eight people, the last of whom has seven above. */
export interface World {
  readonly run: string;
  readonly api: Api;
  readonly tenant: OpenedTenant;
  /** Root of the chain first. */
  readonly people: readonly Registered[];
  /** How to be each of them, in the same order. */
  readonly sessions: readonly Session[];
}

/** Access tokens last 15 minutes; a long run needs new ones. */
const RENEW_AFTER_MS = 8 * 60_000;

/** A person who stays signed in. */
export class Session {
  readonly #api: Api;
  #tokens: Registered['tokens'];
  #since = Date.now();

  constructor(api: Api, tokens: Registered['tokens']) {
    this.#api = api;
    this.#tokens = tokens;
  }

  async token(): Promise<string> {
    if (Date.now() - this.#since > RENEW_AFTER_MS) {
      const { refreshToken } = this.#tokens;
      const answer = await this.#api.post<{ tokens: Registered['tokens'] }>('/v1/auth/refresh', { refreshToken });
      this.#tokens = answer.tokens;
      this.#since = Date.now();
    }
    return this.#tokens.accessToken;
  }
}

export async function makeWorld(fleet: Fleet): Promise<World> {
  const run = randomBytes(4).toString('hex');
  // A fleet that has just started on a busy machine says "not now" at times.
  const api = new Api(fleet.addresses.gatewayUrl, { patienceMs: 30_000 });
  const tenant = await openTenant(api, fleet.addresses.admin, run);
  const people = await registerChain(api, tenant.host, run);
  if (people.length !== CHAIN.length) throw new Error('the chain is not whole');
  return { run, api, tenant, people, sessions: people.map(({ tokens }) => new Session(api, tokens)) };
}

/** A fresh token of the tenant's owner: those of the beginning last 15 minutes. */
export async function ownerToken({ api, tenant }: World): Promise<string> {
  const entered = await api.post<{ tokens: { accessToken: string } }>('/v1/auth/login', tenant.owner, {
    host: tenant.host,
  });
  return entered.tokens.accessToken;
}
