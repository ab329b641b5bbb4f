import { readFileSync } from 'node:fs';
import { defineConfig, type Environment } from '@dailydoco/config';
import { z } from 'zod';
import { BUILT_IN_PROVIDER } from './providers/template-provider.js';

const port = z.coerce.number().int().min(0).max(65_535);
const ms = z.coerce.number().int();

const upstreamSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be a slug'),
    baseUrl: z.url({ protocol: /^https?$/ }).refine(isBareUrl, 'must have no credentials, query or fragment'),
    apiKey: z.string().min(1).optional(),
    apiKeyFile: z.string().min(1).optional(),
    models: z.array(z.string().min(1).max(200)).min(1),
    streamUsage: z.boolean().default(true),
  })
  .refine(({ apiKey, apiKeyFile }) => apiKey === undefined || apiKeyFile === undefined, 'apiKey is given twice');

const upstreamsSchema = z
  .array(upstreamSchema)
  .refine((all) => isUnique(all.map(({ name }) => name)), 'names must differ')
  .refine((all) => all.every(({ name }) => name !== BUILT_IN_PROVIDER), `the name ${BUILT_IN_PROVIDER} is taken`)
  .refine((all) => isUnique(all.flatMap(({ models }) => models)), 'a model may belong to one upstream only');

/** One OpenAI-compatible API that completions may be asked of. */
export interface UpstreamSettings {
  /** The provider's name in usage records, and `owned_by` of its models. */
  readonly name: string;
  /** Up to and without `/chat/completions`, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly models: readonly string[];
  /** Whether it understands `stream_options.include_usage`. */
  readonly streamUsage: boolean;
}

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  HTTP_HOST: z.string().default('127.0.0.1').describe('Address that HTTP listens on.'),
  HTTP_PORT: port.default(8080).describe('Port that HTTP listens on; 0 takes a free one.'),
  GRPC_HOST: z.string().default('127.0.0.1').describe('Address that gRPC listens on.'),
  GRPC_PORT: port.default(9090).describe('Port that gRPC listens on; 0 takes a free one.'),
  DATABASE_URL: z.string().meta({ description: 'This service’s database, as its application role.', secret: true }),
  DATABASE_POOL_MAX: z.coerce
    .number()
    .int()
    .min(4)
    .max(200)
    .default(8)
    .meta({ description: 'Most connections of one replica, the relay’s own aside.', unit: 'connections' }),
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .describe('Kafka brokers, host:port, separated by commas.'),
  JWKS_URL: z.url().describe('Where identity publishes its public signing keys.'),
  TOKEN_ISSUER: z.string().min(1).describe('Issuer that a person’s token must name.'),
  TOKEN_AUDIENCE: z.string().min(1).default('dailydoco').describe('Audience that a person’s token must name.'),
  INTERNAL_TOKEN_SECRET: z
    .string()
    .min(32)
    .meta({ description: 'Secret by which services of one installation know each other.', secret: true }),
  IDENTITY_GRPC_ADDRESS: z.string().min(3).describe('gRPC address of identity, host:port.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
  SHUTDOWN_DELAY_MS: ms
    .min(0)
    .max(60_000)
    .default(5_000)
    .meta({ description: 'Pause between "not ready" and draining, for load balancers to notice.', unit: 'ms' }),
  COMPLETION_DRAIN_MS: ms.min(0).max(900_000).default(12_000).meta({
    description: 'How long a shutdown waits for answers under way; the rest is broken off and recorded as broken.',
    unit: 'ms',
  }),
  AI_UPSTREAMS: z.string().transform(parseUpstreams).optional().meta({
    description:
      'OpenAI-compatible APIs, as JSON: [{"name", "baseUrl", "apiKey" or "apiKeyFile", "models": […], "streamUsage": true}]. Absent or []: the built-in deterministic templates answer.',
    secret: true,
  }),
  UPSTREAM_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(256)
    .meta({ description: 'Most connections of one replica to each upstream; more calls wait.', unit: 'connections' }),
  UPSTREAM_CONNECT_TIMEOUT_MS: ms
    .min(10)
    .max(60_000)
    .default(5_000)
    .meta({ description: 'Longest wait for a connection to an upstream.', unit: 'ms' }),
  UPSTREAM_HEADERS_TIMEOUT_MS: ms.min(10).max(900_000).default(300_000).meta({
    description: 'Longest wait for an upstream to begin its answer; an unstreamed one begins late.',
    unit: 'ms',
  }),
  UPSTREAM_BODY_TIMEOUT_MS: ms
    .min(10)
    .max(900_000)
    .default(60_000)
    .meta({ description: 'Longest silence within an upstream’s answer.', unit: 'ms' }),
  COMPLETION_TIMEOUT_MS: ms
    .min(10)
    .max(3_600_000)
    .default(900_000)
    .meta({ description: 'Longest time for one completion, retries and streaming included.', unit: 'ms' }),
  UPSTREAM_ATTEMPTS_MAX: z.coerce.number().int().min(1).max(10).default(3).meta({
    description: 'Most tries of one call: again after a failed connection, 429 or 503, before the first byte only.',
    unit: 'tries',
  }),
  UPSTREAM_RETRY_WAIT_MAX_MS: ms
    .min(0)
    .max(60_000)
    .default(5_000)
    .meta({ description: 'Longest that one call waits between its tries, all pauses together.', unit: 'ms' }),
});

export type Config = z.output<typeof configSchema>;

/** Reads the settings once, at boot; throws ConfigError naming the keys that are wrong, never their values. */
export function readConfig(env?: Environment): Config {
  return defineConfig(configSchema, env);
}

/** What the migration job needs, and nothing else: it runs before the service's own settings exist. */
export const migrateConfigSchema = z.object({
  DATABASE_OWNER_URL: z
    .string()
    .meta({ description: 'This service’s database, as the owner of its tables.', secret: true }),
  DATABASE_APP_ROLE: z
    .string()
    .min(1)
    .describe('Name of the application role, which is granted what the service needs.'),
});

export function readMigrateConfig(env?: Environment): z.output<typeof migrateConfigSchema> {
  return defineConfig(migrateConfigSchema, env);
}

/** The texts of issues are our own, or say a kind of value: an API key must not stand in a boot's error. */
function parseUpstreams(text: string, context: z.RefinementCtx): readonly UpstreamSettings[] {
  const parsed = upstreamsSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      context.addIssue({ code: 'custom', message: [path.join('.'), message].filter(Boolean).join(': ') });
    }
    return z.NEVER;
  }
  return parsed.data.map(({ apiKey, apiKeyFile, ...upstream }, index) => {
    const key = apiKeyFile === undefined ? apiKey : readKey(apiKeyFile);
    if (key === '') context.addIssue({ code: 'custom', message: `${index}.apiKeyFile: cannot be read, or is empty` });
    return { ...upstream, apiKey: key };
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The key that a file holds, line ends at its end aside; empty when there is none. */
function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function isBareUrl(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}

function isUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
