// The calls that scenarios are made of. Each checks its answer by status and content, and is named after what it is, so that
// thousands of addresses make one line of the report.
import { check } from 'k6';
import http from 'k6/http';
import { uuid, world } from './world.js';

// A redirect is an answer, and nobody follows it: where it leads is not ours.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }));

/** A click of a program that says what it is would not be recorded. */
const browser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36' };
const json = { 'content-type': 'application/json' };
const any = (list) => list[Math.floor(Math.random() * list.length)];
const bearer = (token) => ({ authorization: `Bearer ${token}` });

function get(name, path, headers = {}) {
  return http.get(`${world.gatewayUrl}${path}`, { headers, redirects: 0, tags: { name } });
}

function post(name, path, body, headers = {}) {
  const all = { ...json, 'idempotency-key': uuid(), ...headers };
  return http.post(`${world.gatewayUrl}${path}`, JSON.stringify(body), { headers: all, tags: { name } });
}

/** `check` with the answer parsed only when there is one to parse. */
function answered(name, response, status, holds = () => true) {
  return check(response, {
    [`${name} answers ${status}`]: (answer) => answer.status === status,
    [`${name} says what it should`]: (answer) => answer.status !== status || holds(answer),
  });
}

export function click() {
  const code = any(world.people).code;
  answered('click', get('click', `/r/${code}`, browser), 302);
}

export function viewSite() {
  const site = any(world.sites);
  answered('site', get('site', `/sites/${site.slug}/`), 200, ({ body }) => body.includes(`/r/${site.code}`));
}

export function clickWidget() {
  const site = any(world.sites);
  const event = { id: uuid(), name: 'widget_clicked', occurredAt: new Date().toISOString(), properties: {} };
  const response = post('widget event', '/v1/events', { events: [event] }, bearer(site.writeKey));
  answered('widget event', response, 202, (answer) => answer.json('accepted') === 1);
}

export function sendEvents() {
  const occurredAt = new Date().toISOString();
  const events = Array.from({ length: 10 }, () => ({
    id: uuid(),
    name: any(['page_viewed', 'invite_sent', 'trial_started']),
    occurredAt,
    properties: { plan: 'team' },
  }));
  const response = post('events', '/v1/events', { events }, bearer(world.apiKey));
  answered('events', response, 202, (answer) => answer.json('accepted') === 10);
}

export function purchase() {
  const body = {
    externalId: `load-${uuid()}`,
    buyerId: any(world.buyers).id,
    amount: { amount: '79.00', currency: 'USD' },
    stream: 'subscription',
  };
  const response = post('purchase', '/v1/purchases', body, bearer(world.apiKey));
  answered('purchase', response, 201, (answer) => answer.json('commissions').length === 7);
}

export function readBalance() {
  const response = get('balance', '/v1/balances/me', bearer(any(world.people).token));
  answered('balance', response, 200, (answer) => Array.isArray(answer.json('balances')));
}

export function readCommissions() {
  const response = get('commissions', '/v1/commissions?pageSize=20', bearer(any(world.people).token));
  answered('commissions', response, 200, (answer) => Array.isArray(answer.json('items')));
}

export function readReferrals() {
  const response = get('referrals', '/v1/referrals/me', bearer(any(world.people).token));
  answered('referrals', response, 200, (answer) => answer.json('code') !== '');
}

export function register(host = world.host) {
  const body = {
    email: `load-${uuid()}@example.com`,
    password: 'a long password of the load',
    displayName: 'Somebody new',
    referralCode: host === world.host ? any(world.people).code : undefined,
  };
  const response = post('register', '/v1/auth/register', body, { host });
  answered('register', response, 201, (answer) => answer.json('tokens.accessToken') !== '');
}

export function login() {
  const { email, password } = any(world.people);
  const response = post('login', '/v1/auth/login', { email, password }, { host: world.host });
  answered('login', response, 200, (answer) => answer.json('tokens.accessToken') !== '');
}

/** A company comes: a tenant, its owner, an API key, and five colleagues. */
export function onboard() {
  const id = uuid();
  const host = `load-${id}.localhost`;
  const owner = { email: `owner-${id}@example.com`, password: 'a long password of the load' };
  const named = { name: `Company ${id}`, hosts: [host], owner: { ...owner, displayName: 'Owner' } };
  const made = post('tenant', '/v1/tenants', named, bearer(world.adminToken));
  if (!answered('tenant', made, 201)) return;
  const entered = post('owner login', '/v1/auth/login', owner, { host });
  if (!answered('owner login', entered, 200)) return;
  const token = entered.json('tokens.accessToken');
  const key = post('api key', '/v1/api-keys', { name: 'billing', scopes: ['purchases:write'] }, bearer(token));
  answered('api key', key, 201, (answer) => answer.json('key').startsWith('dd_'));
  for (let colleague = 0; colleague < 5; colleague += 1) register(host);
  answered('users me', get('users me', '/v1/users/me', bearer(token)), 200);
}

/** Runs one of the calls, each as often as its weight says. */
export function oneOf(weighted) {
  const total = weighted.reduce((sum, [weight]) => sum + weight, 0);
  let left = Math.random() * total;
  for (const [weight, call] of weighted) {
    left -= weight;
    if (left < 0) return call();
  }
  return undefined;
}

/** The calls that a single-call run may be told to make, by name. */
export const CALLS = { viewSite, click, clickWidget, sendEvents, readCommissions, login, register, purchase };
