import { join } from 'node:path';
import { repositoryRoot } from './layout.js';

/** The services of the fleet in the order their logs are best read. */
export const SERVICES = ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'] as const;

export type ServiceName = (typeof SERVICES)[number];

export interface ServicePorts {
  readonly http: number;
  readonly grpc: number;
}

/** Everything a service's environment is made from. */
export interface FleetAddresses {
  readonly ports: Readonly<Record<ServiceName, ServicePorts>>;
  readonly databaseUrls: Readonly<Record<ServiceName, { owner: string; app: string }>>;
  readonly kafkaBrokers: readonly string[];
  readonly redisUrl: string;
  readonly gatewayUrl: string;
  readonly internalToken: string;
  readonly keyEncryption: string;
  readonly admin: { readonly email: string; readonly password: string };
  readonly mailDir: string;
  readonly sitesDir: string;
  readonly clicksDir: string;
}

export function serviceFolder(service: ServiceName): string {
  return join(repositoryRoot, 'services', service);
}

/** The name a service has inside Postgres: `viral_engine`. */
export function databaseName(service: ServiceName): string {
  return service.replaceAll('-', '_');
}

function envName(service: ServiceName): string {
  return databaseName(service).toUpperCase();
}

/** An account that payouts by SEPA file leave from: the example IBAN of Germany, which is nobody's. */
const HOUSE_BANK = {
  SEPA_DEBTOR_NAME: 'DailyDoco on this machine',
  SEPA_DEBTOR_IBAN: 'DE89370400440532013000',
  // Nobody waits an hour for the file on a machine to try things on.
  PAYOUT_BATCH_AFTER_MS: '2000',
};

/** Settings that one service has beside those of every service. */
function ownSettings(service: ServiceName, addresses: FleetAddresses): Record<string, string> {
  switch (service) {
    case 'identity':
      return {
        MAIL_URL: `file://${addresses.mailDir}`,
        MAIL_FROM: 'DailyDoco <no-reply@dailydoco.localhost>',
        KEY_ENCRYPTION_SECRET: addresses.keyEncryption,
        BOOTSTRAP_ADMIN_EMAIL: addresses.admin.email,
        BOOTSTRAP_ADMIN_PASSWORD: addresses.admin.password,
      };
    case 'website-builder':
      return { SITES_DIR: addresses.sitesDir };
    case 'viral-engine':
      return { KEY_ENCRYPTION_SECRET: addresses.keyEncryption, CLICK_JOURNAL_DIR: addresses.clicksDir };
    case 'payouts':
      return { KEY_ENCRYPTION_SECRET: addresses.keyEncryption, ...HOUSE_BANK };
    case 'analytics':
    case 'ai-gateway':
      return {};
  }
}

/** How a process is told the instances of a service: the one address, or all of them to share calls among. */
function grpcTarget(instances: readonly ServicePorts[]): string {
  const addresses = instances.map(({ grpc }) => `127.0.0.1:${grpc}`).join(',');
  return instances.length === 1 ? addresses : `ipv4:${addresses}`;
}

/** Every instance of every service: the first, and its replicas. */
export type InstancePorts = Readonly<Record<ServiceName, readonly ServicePorts[]>>;

/** What differs for one of several instances: where it listens, and that its neighbours are several, too. */
export function replicaEnvironment(
  own: ServicePorts,
  instances: InstancePorts,
  { gatewayUrl }: Pick<FleetAddresses, 'gatewayUrl'>,
): Record<string, string> {
  return {
    ...Object.fromEntries(SERVICES.map((name) => [`${envName(name)}_GRPC_ADDRESS`, grpcTarget(instances[name])])),
    // One address that leads to whichever identity is there, as the Service of a cluster does.
    JWKS_URL: `${gatewayUrl}/.well-known/jwks.json`,
    HTTP_PORT: String(own.http),
    GRPC_PORT: String(own.grpc),
  };
}

/** The whole environment of one service. Nothing of the caller's environment leaks in but PATH, HOME and OTEL_*. */
export function serviceEnvironment(service: ServiceName, addresses: FleetAddresses): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([key, value]) => value !== undefined && (key === 'PATH' || key === 'HOME' || key.startsWith('OTEL_')),
  ) as [string, string][];
  const grpcAddresses = SERVICES.map((name) => [
    `${envName(name)}_GRPC_ADDRESS`,
    `127.0.0.1:${addresses.ports[name].grpc}`,
  ]);
  return {
    ...Object.fromEntries(inherited),
    ...Object.fromEntries(grpcAddresses),
    NODE_ENV: 'production',
    OTEL_SERVICE_NAME: service,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(addresses.ports[service].http),
    GRPC_HOST: '127.0.0.1',
    GRPC_PORT: String(addresses.ports[service].grpc),
    DATABASE_URL: addresses.databaseUrls[service].app,
    KAFKA_BROKERS: addresses.kafkaBrokers.join(','),
    REDIS_URL: addresses.redisUrl,
    JWKS_URL: `http://127.0.0.1:${addresses.ports.identity.http}/.well-known/jwks.json`,
    TOKEN_ISSUER: addresses.gatewayUrl,
    TOKEN_AUDIENCE: 'dailydoco',
    INTERNAL_TOKEN_SECRET: addresses.internalToken,
    PUBLIC_URL: addresses.gatewayUrl,
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info',
    SHUTDOWN_DELAY_MS: '0',
    ...ownSettings(service, addresses),
  };
}
