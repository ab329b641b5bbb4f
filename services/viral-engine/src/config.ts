import { defineConfig, type Environment } from '@dailydoco/config';
import {
  grpcAddressOf,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
} from '@dailydoco/service';
import { webhookSettings } from '@dailydoco/webhooks';
import { z } from 'zod';
import { MAX_CLICK_ID_KEY } from './clicks/click-ids.js';

/** Anchors of transparency logs on an EVM chain; off without the first four. */
const anchorSettings = {
  ANCHOR_RPC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description: 'JSON-RPC address of a node of the chain that checkpoints of transparency logs are posted to.',
      secret: true,
    }),
  ANCHOR_CHAIN_ID: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'Id of that chain; a node of another one is refused.',
  }),
  ANCHOR_CONTRACT: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hex digits')
    .optional()
    .meta({ description: 'Contract of anchors on that chain, made by `npm run anchor -- deploy`.' }),
  ANCHOR_KEY: z
    .string()
    .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
    .optional()
    .meta({
      description: 'Private key of the contract’s poster, which pays the gas. Nobody else may send from it.',
      secret: true,
    }),
  ANCHOR_EVERY_MS: z.coerce.number().int().min(1_000).max(604_800_000).default(3_600_000).meta({
    description: 'How long a signed checkpoint may go without an anchor.',
    unit: 'ms',
  }),
  ANCHOR_MAX_FEE_GWEI: z.coerce.number().int().min(1).max(100_000).default(50).meta({
    description: 'Most that is paid per unit of gas. While the chain asks for more, anchors wait.',
    unit: 'gwei',
  }),
};

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  ...identitySettings,
  ...webhookSettings,
  ...anchorSettings,
  PUBLIC_URL: z.url().describe('Base URL of the gateway, as browsers see it: referral links begin with it.'),
  LANDING_URL: z.url().optional().describe('Where referral links lead; the documentation page unless told.'),
  TRUSTED_PROXIES: z
    .string()
    .min(1)
    .default('loopback')
    .transform((text) => text.split(',').map((proxy) => proxy.trim()))
    .describe(
      'Whose X-Forwarded headers are believed: addresses, networks (10.0.0.0/8), loopback or uniquelocal, separated by commas. Clicks are told apart by the address found so.',
    ),
  BACKGROUND_WORK: z.stringbool().default(true).meta({
    description:
      'Whether this process also publishes, hears events and runs what is due. Switched off, it only answers callers, as fast as it can; then at least one other process of viral-engine needs it on.',
  }),
  WEBSITE_BUILDER_GRPC_ADDRESS: grpcAddressOf('website-builder'),
  KEY_ENCRYPTION_SECRET: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .meta({
      description:
        'Seals the signing secrets of webhook endpoints and the keys of transparency logs, and signs click ids. Losing it loses them: secrets must be set again, logs get no leaf before their keys are back, and click ids given out before count no more.',
      secret: true,
    }),
  CLICK_ID_KEY: z.coerce.number().int().min(1).max(MAX_CLICK_ID_KEY).default(1).meta({
    description:
      'Number of the key that click ids are signed under. One more rotates it: ids under the key before still count, those under older keys no more. Keys are derived from KEY_ENCRYPTION_SECRET.',
  }),
  CLICK_JOURNAL_DIR: z
    .string()
    .min(1)
    .max(90)
    .optional()
    .describe(
      'Folder of this machine, and of this installation alone, in which clicks stand until they are stored, so that a process that is killed loses none: the next one that starts with this folder stores them. At most 32 MiB per process. Without it a kill loses the clicks of the last moments, and nobody counts them.',
    ),
  PURCHASE_GROUP_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_000)
    .default(500)
    .meta({ description: 'Most purchases in one database transaction.', unit: 'purchases' }),
  PURCHASE_GROUP_ENOUGH: z.coerce.number().int().min(1).max(1_000).default(32).meta({
    description: 'So many purchases begin a database transaction without waiting for others.',
    unit: 'purchases',
  }),
  PURCHASE_GROUP_WAIT_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(100)
    .default(3)
    .meta({ description: 'How long a purchase waits for others to share its database transaction.', unit: 'ms' }),
  PURCHASE_QUEUE_MAX: z.coerce
    .number()
    .int()
    .min(10)
    .max(100_000)
    .default(6_000)
    .meta({ description: 'Most purchases waiting; past it callers get 503.', unit: 'purchases' }),
  PURCHASE_WRITERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(2)
    .meta({ description: 'Groups of purchases under way at the same time in one replica.', unit: 'groups' }),
  RELEASE_EVERY_MS: z.coerce.number().int().min(50).max(30_000).default(5_000).meta({
    description: 'Pause between looks for commissions that fell due; they are promised within 60 s.',
    unit: 'ms',
  }),
  HOLDS_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(30_000)
    .default(1_000)
    .meta({ description: 'Pause between looks for commissions to hold or lift after a suspension.', unit: 'ms' }),
  WEBHOOKS_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(30_000)
    .default(500)
    .meta({ description: 'Pause between looks for events of billing systems to apply.', unit: 'ms' }),
  TRANSPARENCY_EVERY_MS: z.coerce.number().int().min(50).max(5_000).default(500).meta({
    description: 'Pause between looks for commissions and changes to bring into the transparency log.',
    unit: 'ms',
  }),
  TRANSPARENCY_SWEEP_EVERY_MS: z.coerce.number().int().min(50).max(60_000).default(1_000).meta({
    description: 'Pause between pages of 500 purchases in the search for what is not in the transparency log.',
    unit: 'ms',
  }),
  ATTRIBUTION_EVERY_MS: z.coerce.number().int().min(50).max(30_000).default(1_000).meta({
    description: 'Pause between looks for purchases whose customer has been mapped to a user.',
    unit: 'ms',
  }),
});

export type Config = z.output<typeof configSchema>;

/** Reads the settings once, at boot; throws ConfigError naming the keys that are wrong, never their values. */
export function readConfig(env?: Environment): Config {
  return defineConfig(configSchema, env);
}

/** The landing page of the installation. */
export function landingUrlOf({ LANDING_URL, PUBLIC_URL }: Config): string {
  return new URL(LANDING_URL ?? new URL('/docs', PUBLIC_URL)).href;
}

/** What referral links begin with; a code follows. */
export function linkBaseOf({ PUBLIC_URL }: Config): string {
  return `${PUBLIC_URL.replace(/\/$/, '')}/r/`;
}

/** What transparency logs are called by before their id: the address of the installation without its scheme. */
export function logOriginBaseOf({ PUBLIC_URL }: Config): string {
  const { host, pathname } = new URL(PUBLIC_URL);
  return `${host}${pathname.replace(/\/$/, '')}/v1/transparency/`;
}

/** What the migration job needs. */
export const migrateConfigSchema = z.object(migrationSettings);

export function readMigrateConfig(env?: Environment): MigrationConfig {
  return defineConfig(migrateConfigSchema, env);
}
