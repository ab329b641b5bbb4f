import { parseCheckpoint, parseVkey, verifyNote, verifyStatement } from '@dailydoco/transparency';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { expecting, get } from './gateway.js';
import { soon } from './waiting.js';
import { at, money, newKey, openTenant, type Person, record, refund, registerChain } from './world.js';

const LOGGED_WITHIN_MS = 10_000;

let partner: Person;
let other: Person;
let commissionId: string;

beforeAll(async () => {
  const tenant = await openTenant('transparency');
  const chain = await registerChain(tenant, 3);
  [other, partner] = [at(chain, 0), at(chain, 1)];
  const key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
  const purchase = await record(key, at(chain, 2));
  commissionId = at(purchase.commissions, 0).id;
  await refund(key, purchase.id, { amount: money('7.90') });
});

interface OwnLog {
  readonly logId: string;
  readonly url: string;
  readonly vkey: string;
}

const ownLog = async () => expecting(200, await get<OwnLog>('/v1/transparency/logs/me', { as: partner.token }));

describe('the transparency log', () => {
  it('has a commission and its refund in a signed tree within ten seconds, and the partner proves it alone', async () => {
    const text = await soon(async () => {
      const statement = await get('/v1/transparency/statement', { as: partner.token });
      expect(statement.body.ordinals?.last).toBe(2);
      return statement.text;
    }, LOGGED_WITHIN_MS);
    const { vkey } = await ownLog();
    const report = verifyStatement(Buffer.from(text), { keys: [vkey] });
    expect(report.findings).toEqual([]);
    expect(report.checked).toMatchObject({ entries: 1, changes: 1 });
    const edited = Buffer.from(text.replace('"gross":"15800000"', '"gross":"15900000"'));
    expect(verifyStatement(edited, { keys: [vkey] }).findings.map(({ code }) => code)).toEqual(['SIGNATURE_WRONG']);
    const proof = expecting(200, await get(`/v1/commissions/${commissionId}/proof`, { as: partner.token }));
    expect(proof.leaves).toHaveLength(2);
    expect((await get(`/v1/commissions/${commissionId}/proof`, { as: other.token })).status).toBe(403);
  });

  it('is read by anybody at the address that it names', async () => {
    const { logId, url, vkey } = await ownLog();
    expect(new URL(url).pathname).toBe(`/v1/transparency/${logId}`);
    const note = await get(`/v1/transparency/${logId}/checkpoint`);
    expect([note.status, note.mediaType]).toEqual([200, 'text/plain']);
    const checkpoint = parseCheckpoint(note.text);
    const verifier = parseVkey(vkey);
    if (checkpoint === undefined || verifier === undefined) throw new Error('the checkpoint or its key is malformed');
    expect(verifyNote(checkpoint.note, [verifier])).toBe('verified');
    const tile = await get(`/v1/transparency/${logId}/tile/0/000.p/${checkpoint.size}`);
    expect([tile.status, tile.mediaType]).toEqual([200, 'application/octet-stream']);
    expect((await get(`/v1/transparency/${logId}/tile/0/001`)).status).toBe(404);
  });
});
