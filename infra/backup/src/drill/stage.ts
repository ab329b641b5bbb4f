import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  Api,
  databaseName,
  ensureDatabases,
  type Fleet,
  fleetLayout,
  loadSecrets,
  openTenant,
  type OpenedTenant,
  type Progress,
  type Registered,
  registerChain,
  SERVICES,
  type ServiceName,
  startFleet,
} from '@dailydoco/local';
import { freePort, type PostgresStore, startPostgres, walArchiveSettings } from '@dailydoco/stores';
import type { Urls } from '../addresses.js';
import { patiently } from './patiently.js';

/** The ledger's cluster: where it lies, and where its log is archived. */
export interface LedgerCluster {
  readonly dataDir: string;
  readonly archiveDir: string;
  readonly port: number;
  store: PostgresStore;
}

/** A fleet whose ledger has a Postgres cluster of its own, and people who earn. */
export interface Stage {
  readonly fleet: Fleet;
  readonly ledger: LedgerCluster;
  readonly urls: Urls;
  readonly ownerUrl: (service: ServiceName) => string;
  readonly api: Api;
  readonly tenant: OpenedTenant;
  readonly people: readonly Registered[];
  close(): Promise<void>;
}

/** Starts the ledger's cluster, on the data that are there. */
export function startLedgerCluster({
  dataDir,
  archiveDir,
  port,
}: Omit<LedgerCluster, 'store'>): Promise<PostgresStore> {
  return startPostgres({
    dataDir,
    port,
    diesWithParent: true,
    settings: walArchiveSettings(archiveDir),
  });
}

/** A tenant with a chain of people. On a machine that has much else to do a first try may be told to come back. */
async function earners(api: Api, fleet: Fleet): Promise<Pick<Stage, 'tenant' | 'people'>> {
  const run = randomBytes(4).toString('hex');
  return patiently(async () => {
    const attempt = `${run}${randomBytes(2).toString('hex')}`;
    const tenant = await openTenant(api, fleet.addresses.admin, attempt);
    return { tenant, people: await registerChain(api, tenant.host, attempt) };
  });
}

/** Puts up the stage in a folder of its own; what was started ends with `close`, or with this process. */
export async function setStage(folder: string, progress: Progress): Promise<Stage> {
  const place = { dataDir: join(folder, 'ledger'), archiveDir: join(folder, 'archive'), port: await freePort() };
  const others = await progress.step('start Postgres for five services', () =>
    startPostgres({ dataDir: join(folder, 'postgres'), diesWithParent: true }),
  );
  const store = await progress.step('start Postgres for the ledger, archiving its log', () =>
    startLedgerCluster(place),
  );
  const ledger: LedgerCluster = { ...place, store };
  const secrets = loadSecrets(fleetLayout(folder).secretsFile, SERVICES);
  const databases = {
    ...(await ensureDatabases(others.url, secrets)),
    payouts: (await ensureDatabases(store.url, secrets)).payouts,
  };
  for (const service of SERVICES) {
    process.env[`DATABASE_URL_${databaseName(service).toUpperCase()}`] = databases[service].app;
    process.env[`DATABASE_OWNER_URL_${databaseName(service).toUpperCase()}`] = databases[service].owner;
  }
  const fleet = await startFleet({ dataDir: folder, gatewayPort: 0, progress, endsOnSignal: true });
  const api = new Api(fleet.addresses.gatewayUrl);
  const { tenant, people } = await earners(api, fleet).catch(async (error: unknown) => {
    await fleet.stop();
    throw error;
  });
  return {
    fleet,
    ledger,
    urls: Object.fromEntries(SERVICES.map((service) => [service, databases[service].app])) as Urls,
    ownerUrl: (service) => databases[service].owner,
    api,
    tenant,
    people,
    close: async () => {
      await fleet.stop();
      if (existsSync(ledger.dataDir)) await ledger.store.stop();
      await others.stop();
    },
  };
}
