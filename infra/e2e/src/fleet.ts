import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the suite uses of a local run's `fleet.json`. */
export interface Fleet {
  readonly gatewayUrl: string;
  /** The installation's first owner. */
  readonly admin: { readonly email: string; readonly password: string };
  /** Has every scope, in the default tenant. */
  readonly apiKey: string;
}

function fleetFile(): string {
  const file = process.env['FLEET_FILE'];
  if (file === undefined || file === '')
    throw new Error('FLEET_FILE must name the fleet.json of a running fleet, for example .local/fleet.json');
  return file;
}

/** The fleet under test. */
export const fleet = JSON.parse(readFileSync(fleetFile(), 'utf8')) as Fleet;

/** Where the local run writes its mails. */
export const mailDir = join(dirname(fleetFile()), 'mail');
