// The main job, once, as a client of the public API would do it: seven people are paid for one purchase, and the ledger agrees.
// Each run opens a tenant of its own, so that it can be run again at any time and sees nothing but its own numbers.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const gateway = process.env.GATEWAY_URL;
const secrets = process.env.SECRETS_DIR;
const run = randomBytes(4).toString('hex');
const host = `helm-test-${run}.invalid`;

const CHAIN = ['Ada', 'Ben', 'Cleo', 'Dara', 'Emil', 'Fay', 'Gus', 'Hana'];
const PRICE = '79.00';
const COMMISSIONS = ['15.80', '11.85', '7.90', '6.32', '3.95', '2.37', '1.58'];
const TOTAL = '49.77';
const CALL_TIMEOUT_MS = 15_000;
const LEDGER_TIMEOUT_MS = 90_000;

const say = (text) => process.stdout.write(`${text}\n`);
const complain = (text) => process.stderr.write(`${text}\n`);

class Failure extends Error {}

function expect(what, found, wanted) {
  const [is, should] = [found, wanted].map((value) => JSON.stringify(value));
  if (is !== should) throw new Failure(`${what}: expected ${should}, found ${is}`);
}

/** Not fetch: it does not let a caller set Host, which decides the tenant of whoever is not signed in. */
function call(method, path, { body, token, tenantHost } = {}) {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    'user-agent': 'dailydoco-helm-test',
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(tenantHost !== undefined && { host: tenantHost }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${gateway}${path}`, { method, headers, timeout: CALL_TIMEOUT_MS }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode < 300) return resolve(text === '' ? undefined : JSON.parse(text));
        const hint =
          response.statusCode === 403 && text.includes('network')
            ? ' (kong.adminNetworks must hold the network of pods for this test)'
            : '';
        reject(new Failure(`${method} ${path} answered ${response.statusCode}${hint}: ${text.slice(0, 400)}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Failure(`${method} ${path} did not answer in ${CALL_TIMEOUT_MS} ms`)));
    sent.on('error', (error) =>
      reject(error instanceof Failure ? error : new Failure(`${method} ${path}: ${error.message}`)),
    );
    sent.end(payload);
  });
}

async function openTenant() {
  const admin = {
    email: readFileSync(`${secrets}/admin-email`, 'utf8').trim(),
    password: readFileSync(`${secrets}/admin-password`, 'utf8').trim(),
  };
  const { tokens } = await call('POST', '/v1/auth/login', { body: admin });
  say(`1. signed in as the first administrator`);
  const owner = { email: `owner-${run}@example.com`, password: randomBytes(15).toString('base64url') };
  await call('POST', '/v1/tenants', {
    token: tokens.accessToken,
    body: { name: `Helm test ${run}`, hosts: [host], owner: { ...owner, displayName: 'Test Owner' } },
  });
  const entered = await call('POST', '/v1/auth/login', { body: owner, tenantHost: host });
  const { key } = await call('POST', '/v1/api-keys', {
    token: entered.tokens.accessToken,
    body: { name: 'billing', scopes: ['purchases:write', 'purchases:read'] },
  });
  say(`2. opened the tenant ${host} and made an API key for its billing`);
  return { ownerToken: entered.tokens.accessToken, apiKey: key };
}

async function registerChain() {
  const people = [];
  let referralCode;
  for (const name of CHAIN) {
    const person = await call('POST', '/v1/auth/register', {
      tenantHost: host,
      body: {
        email: `${name.toLowerCase()}-${run}@example.com`,
        password: randomBytes(15).toString('base64url'),
        displayName: name,
        ...(referralCode !== undefined && { referralCode }),
      },
    });
    people.push(person.user.id);
    referralCode = (await call('GET', '/v1/referrals/me', { token: person.tokens.accessToken })).code;
  }
  say(`3. registered ${CHAIN.length} people, each brought by the one before`);
  return people;
}

async function buy(people, apiKey) {
  const purchase = await call('POST', '/v1/purchases', {
    token: apiKey,
    body: {
      externalId: `helm-test-${run}`,
      buyerId: people.at(-1),
      amount: { amount: PRICE, currency: 'USD' },
      stream: 'subscription',
    },
  });
  const byLevel = purchase.commissions.toSorted((a, b) => a.level - b.level);
  expect(
    'commissions',
    byLevel.map(({ amount }) => amount.amount),
    COMMISSIONS,
  );
  expect(
    'who is paid, from the nearest on',
    byLevel.map(({ beneficiaryId }) => beneficiaryId),
    people.slice(0, -1).reverse(),
  );
  say(`4. a purchase of ${PRICE} USD pays ${COMMISSIONS.join(', ')}`);
}

async function awaitLedger(ownerToken) {
  const startedAt = performance.now();
  for (;;) {
    const { currencies } = await call('GET', '/v1/ledger/trial-balance', { token: ownerToken });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const usd = currencies.find(({ currency }) => currency === 'USD');
    if (usd?.debit === TOTAL && usd.credit === TOTAL) {
      expect('difference of the trial balance', usd.difference, '0.00');
      say(`5. after ${seconds} s the ledger has it: debit ${usd.debit}, credit ${usd.credit}`);
      return;
    }
    if (performance.now() - startedAt > LEDGER_TIMEOUT_MS)
      throw new Failure(
        `the trial balance is ${JSON.stringify(currencies)} after ${seconds} s, not ${TOTAL} on both sides`,
      );
    await wait(500);
  }
}

try {
  say(`The main job through ${gateway}`);
  const { ownerToken, apiKey } = await openTenant();
  const people = await registerChain();
  await buy(people, apiKey);
  await awaitLedger(ownerToken);
  say('passed');
} catch (error) {
  complain(`failed: ${error instanceof Failure ? error.message : error.stack}`);
  process.exitCode = 1;
}
