import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseName, type FleetLayout, fleetLayout, SERVICES, StartError } from '@dailydoco/local';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { databaseUrls, ownerUrl } from './addresses.js';

let layout: FleetLayout;
beforeEach(() => {
  layout = fleetLayout(mkdtempSync(join(tmpdir(), 'addresses-spec-')));
});
afterEach(() => rmSync(layout.dataDir, { recursive: true, force: true }));

const env = (prefix: string): Record<string, string> =>
  Object.fromEntries(
    SERVICES.map((service) => [
      `${prefix}_${databaseName(service).toUpperCase()}`,
      `postgres://${prefix}@h/${service}`,
    ]),
  );

function told(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof StartError) return `${error.message} ${error.why}`;
  }
  return 'nothing';
}

/** What `npm start` leaves behind. */
function localRun(): void {
  const databases = Object.fromEntries(
    SERVICES.map((service) => [
      service,
      `postgres://${databaseName(service)}_app:app@127.0.0.1:5/${databaseName(service)}`,
    ]),
  );
  const databasePasswords = Object.fromEntries(SERVICES.map((service) => [service, { owner: 'secret', app: 'app' }]));
  writeFileSync(layout.fleetFile, JSON.stringify({ databases }));
  writeFileSync(layout.secretsFile, JSON.stringify({ databasePasswords }));
}

describe('the addresses of the databases', () => {
  it('come from the environment, by value or by file', () => {
    const file = join(layout.dataDir, 'url');
    writeFileSync(file, 'postgres://from@file/payouts\n');
    const { DATABASE_URL_PAYOUTS: _, ...others } = env('DATABASE_URL');
    expect(databaseUrls({ ...others, DATABASE_URL_PAYOUTS_FILE: file }, layout)).toMatchObject({
      payouts: 'postgres://from@file/payouts',
      identity: 'postgres://DATABASE_URL@h/identity',
    });
  });

  it('come from the local run when the environment names none, the owner’s as well', () => {
    localRun();
    expect(databaseUrls({}, layout).payouts).toBe('postgres://payouts_app:app@127.0.0.1:5/payouts');
    expect(ownerUrl('payouts', {}, layout)).toBe('postgres://payouts_owner:secret@127.0.0.1:5/payouts');
  });

  it('are refused when they are not all of one place, and never mixed with the local run’s', () => {
    expect(told(() => databaseUrls({}, layout))).toContain('there is no local run');
    localRun();
    expect(told(() => databaseUrls({ DATABASE_URL_PAYOUTS: 'postgres://x' }, layout))).toContain(
      'DATABASE_URL_IDENTITY',
    );
    expect(told(() => ownerUrl('payouts', env('DATABASE_URL'), layout))).toContain(
      'DATABASE_OWNER_URL_PAYOUTS is not set',
    );
    expect(ownerUrl('payouts', env('DATABASE_OWNER_URL'), layout)).toContain('DATABASE_OWNER_URL@h');
  });
});
