import { readFileSync } from 'node:fs';
import { defineConfig, type Environment } from '@dailydoco/config';
import {
  databasePoolMax,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
} from '@dailydoco/service';
import { z } from 'zod';
import { BUILT_IN_PROVIDER } from './providers/template-provider.js';

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
  ...serviceSettings,
  ...identitySettings,
  DATABASE_POOL_MAX: databasePoolMax(8),
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
  UPSTREAM_QUEUE_MAX: z.coerce.number().int().min(0).max(10_000).default(256).meta({
    description:
      'Most calls that wait for a connection to one upstream; one more is told 503, as is one that waits 10 s.',
    unit: 'calls',
  }),
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

/** What the migration job needs. */
export const migrateConfigSchema = z.object(migrationSettings);

export function readMigrateConfig(env?: Environment): MigrationConfig {
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
