import { randomUUID } from 'node:crypto';
import type { ServiceName } from '@dailydoco/local';
import type { Hope } from './answer.js';
import type { Call } from './send.js';
import type { Tokens } from './inhabitants.js';

/** One kind of request, and the service whose it is. With that one it may fail, and with no other but one that it names. */
export interface Kind {
  readonly name: string;
  readonly service: ServiceName;
  /** Asked about what its own service has not heard of: nothing can stand in for that. */
  readonly asks?: ServiceName;
  readonly perSecond: number;
  readonly hope: Hope;
  /** The nth of its kind. */
  readonly call: (tokens: Tokens, n: number) => Call;
}

/** Sent until it is acknowledged, as a billing system does; all others are sent once. */
export const PURCHASE = 'purchase';
const PRICE = { amount: '79.00', currency: 'USD' };
const MODEL = 'dailydoco-template-1';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const json = (text: string) => JSON.parse(text) as Said;
const any = () => true;
const lists = (member: 'commissions' | 'items' | 'balances') => (text: string) => Array.isArray(json(text)[member]);

/** As far as it is looked at here. */
interface Said {
  readonly code?: string;
  readonly email?: string;
  readonly tokens?: { readonly accessToken: string };
  readonly referral?: object;
  readonly accepted?: number;
  readonly choices?: readonly object[];
  readonly commissions?: readonly object[];
  readonly items?: readonly object[];
  readonly balances?: readonly object[];
}

function get(path: string, headers: Record<string, string> = {}): Call {
  return { method: 'GET', path, headers };
}

function post(path: string, body: object, headers: Record<string, string> = {}): Call {
  return { method: 'POST', path, body, headers };
}

/** A purchase that names somebody whom the service has to ask about, and who turns out not to be there. */
function strange(apiKey: string, about: object): Call {
  const externalId = `strange-${randomUUID()}`;
  const body = { externalId, amount: PRICE, stream: 'subscription', ...about };
  return post('/v1/purchases', body, { ...bearer(apiKey), 'idempotency-key': externalId });
}

function unknown(code: string): Hope {
  return { statuses: [404], holds: (text) => json(text).code === code };
}

/** Everything that the fleet is for, through the gateway. */
export const KINDS: readonly Kind[] = [
  {
    name: PURCHASE,
    service: 'viral-engine',
    perSecond: 4,
    hope: { statuses: [200, 201], holds: lists('commissions'), cleanCodes: ['REQUEST_IN_PROGRESS'] },
    call: ({ apiKey, buyers, run }, n) => {
      const externalId = `${run}-${n}`;
      const body = { externalId, buyerId: buyers[n % buyers.length], amount: PRICE, stream: 'subscription' };
      return post('/v1/purchases', body, { ...bearer(apiKey), 'idempotency-key': externalId });
    },
  },
  {
    name: 'purchase of nobody',
    service: 'viral-engine',
    asks: 'identity',
    perSecond: 1,
    hope: unknown('BUYER_UNKNOWN'),
    call: ({ apiKey }) => strange(apiKey, { buyerId: randomUUID() }),
  },
  {
    name: 'purchase by no site',
    service: 'viral-engine',
    asks: 'website-builder',
    perSecond: 1,
    hope: unknown('WEBSITE_UNKNOWN'),
    call: ({ apiKey, buyers }) => strange(apiKey, { buyerId: buyers[0], websiteId: randomUUID() }),
  },
  {
    name: 'redirect',
    service: 'viral-engine',
    perSecond: 3,
    hope: { statuses: [302], holds: any },
    call: ({ code }) => get(`/r/${code}`),
  },
  {
    name: 'commissions',
    service: 'viral-engine',
    perSecond: 2,
    hope: { statuses: [200], holds: lists('items') },
    call: ({ person }) => get('/v1/commissions?pageSize=5', bearer(person)),
  },
  {
    name: 'sign-in',
    service: 'identity',
    perSecond: 2,
    hope: { statuses: [200], holds: (text) => json(text).tokens?.accessToken !== undefined },
    call: ({ host, signIns }, n) => post('/v1/auth/login', signIns[n % signIns.length] ?? {}, { host }),
  },
  {
    name: 'registration',
    service: 'identity',
    perSecond: 1,
    // Viral-engine is asked about the code, and need not be there.
    hope: { statuses: [201], holds: (text) => 'applied' in (json(text).referral ?? {}) },
    call: ({ host, code }) => {
      const email = `${randomUUID()}@example.com`;
      const body = { email, password: 'a long enough password', displayName: 'Somebody new', referralCode: code };
      return post('/v1/auth/register', body, { host });
    },
  },
  {
    name: 'profile',
    service: 'identity',
    perSecond: 2,
    hope: { statuses: [200], holds: (text) => json(text).email !== undefined },
    call: ({ person }) => get('/v1/users/me', bearer(person)),
  },
  {
    name: 'balance',
    service: 'payouts',
    perSecond: 3,
    hope: { statuses: [200], holds: lists('balances') },
    call: ({ person }) => get('/v1/balances/me', bearer(person)),
  },
  {
    name: 'site',
    service: 'website-builder',
    perSecond: 3,
    hope: { statuses: [200], holds: (text) => text.includes('/r/') },
    call: ({ slug }) => get(`/sites/${slug}/`),
  },
  {
    name: 'templates',
    service: 'website-builder',
    perSecond: 1,
    hope: { statuses: [200], holds: lists('items') },
    call: ({ person }) => get('/v1/templates', bearer(person)),
  },
  {
    name: 'event',
    service: 'analytics',
    perSecond: 3,
    hope: { statuses: [202], holds: (text) => json(text).accepted === 1 },
    call: ({ writeKey }) => {
      const occurredAt = new Date().toISOString();
      const event = { id: randomUUID(), name: 'widget_clicked', occurredAt, properties: {} };
      return post('/v1/events', { events: [event] }, bearer(writeKey));
    },
  },
  {
    name: 'completion',
    service: 'ai-gateway',
    perSecond: 2,
    hope: { statuses: [200], holds: (text) => json(text).choices?.length === 1 },
    call: ({ apiKey }) => {
      const messages = [{ role: 'user', content: 'Write one line that invites a friend.' }];
      return post('/ai/v1/chat/completions', { model: MODEL, messages }, bearer(apiKey));
    },
  },
];

/** What one service asks another for while a caller waits. */
export function askedOf(from: ServiceName, to: ServiceName): string[] {
  return KINDS.filter((kind) => kind.service === from && kind.asks === to).map(({ name }) => name);
}

/** The kinds that need one service. */
export function kindsOf(service: ServiceName): string[] {
  return KINDS.filter((kind) => kind.service === service || kind.asks === service).map(({ name }) => name);
}
