import { existsSync, readFileSync } from 'node:fs';
import { defineConfig, type Environment } from '@dailydoco/config';
import { databaseName, type FleetLayout, SERVICES, type ServiceName, StartError } from '@dailydoco/local';
import { z } from 'zod';

/** One URL for each service's database. */
export type Urls = Readonly<Record<ServiceName, string>>;

const fleetFileSchema = z.object({ databases: z.record(z.string(), z.string()) });
const secretsFileSchema = z.object({
  databasePasswords: z.record(z.string(), z.object({ owner: z.string(), app: z.string() })),
});

const keyOf = (role: 'app' | 'owner', service: ServiceName): string =>
  `DATABASE_${role === 'owner' ? 'OWNER_' : ''}URL_${databaseName(service).toUpperCase()}`;

/** Values of `DATABASE_URL_<SERVICE>` or `DATABASE_OWNER_URL_<SERVICE>`, each of which may stand in a file (`…_FILE`). */
function given(role: 'app' | 'owner', env: Environment): Partial<Urls> {
  const shape = Object.fromEntries(
    SERVICES.map((service) => [keyOf(role, service), z.string().optional().describe(`The database of ${service}.`)]),
  );
  const values = defineConfig(z.object(shape), env);
  return Object.fromEntries(
    SERVICES.flatMap((service) => {
      const value = values[keyOf(role, service)];
      return typeof value === 'string' ? [[service, value]] : [];
    }),
  );
}

/** All databases, as the environment names them, else those of the local run. Enough to read them. */
export function databaseUrls(env: Environment, layout: FleetLayout): Urls {
  const named = given('app', env);
  const missing = SERVICES.filter((service) => named[service] === undefined);
  if (missing.length === 0) return named as Urls;
  if (missing.length < SERVICES.length)
    throw new StartError('Some databases are named, and some are not.', {
      why: `missing: ${missing.map((service) => keyOf('app', service)).join(', ')}`,
      todo: 'name all of them (or a file for each, by …_FILE), or none to use the local run’s',
    });
  if (!existsSync(layout.fleetFile))
    throw new StartError('No databases are named, and there is no local run.', {
      why: `no DATABASE_URL_<SERVICE> is set, and ${layout.fleetFile} is not there`,
      todo: 'set DATABASE_URL_<SERVICE> (or …_FILE) for each service, or run `npm start`',
    });
  return fleetFileSchema.parse(JSON.parse(readFileSync(layout.fleetFile, 'utf8'))).databases as Urls;
}

/** The owner's URL of one database, which alone may write holds and acceptances. */
export function ownerUrl(service: ServiceName, env: Environment, layout: FleetLayout): string {
  const named = given('owner', env)[service];
  if (named !== undefined) return named;
  if (!existsSync(layout.secretsFile) || Object.keys(given('app', env)).length > 0)
    throw new StartError(`The owner of ${service}’s database is not known.`, {
      why: `${keyOf('owner', service)} is not set, and only the owner of the tables may write holds and acceptances`,
      todo: `set ${keyOf('owner', service)}, or ${keyOf('owner', service)}_FILE`,
    });
  const { databasePasswords } = secretsFileSchema.parse(JSON.parse(readFileSync(layout.secretsFile, 'utf8')));
  const url = new URL(databaseUrls(env, layout)[service]);
  url.username = `${databaseName(service)}_owner`;
  url.password = databasePasswords[service]?.owner ?? '';
  return url.href;
}
