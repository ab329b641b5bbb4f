import { defineConfig, type Environment } from '@dailydoco/config';
import {
  grpcAddressOf,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
  statementTimeoutMs,
} from '@dailydoco/service';
import { webhookSettings } from '@dailydoco/webhooks';
import { z } from 'zod';
import { achSettings } from './rails/ach/ach-settings.adapter.js';
import { sepaSettings } from './rails/sepa/sepa-settings.adapter.js';

/** Transfers of Stripe Connect; the rail is off without a key. */
const stripeRailSettings = {
  STRIPE_API_KEY: z
    .string()
    .regex(/^(sk|rk)_[A-Za-z0-9_]+$/, 'must be a secret or restricted key, sk_… or rk_…')
    .optional()
    .meta({
      description:
        'Key of the platform at Stripe, by which payouts are transferred to connected accounts. Without it the rail is off.',
      secret: true,
    }),
  STRIPE_API_BASE: z
    .url({ protocol: /^https?$/ })
    .default('https://api.stripe.com')
    .describe('Where Stripe’s interface is.'),
  STRIPE_WEBHOOK_SECRET: z.string().min(8).optional().meta({
    description:
      'Secret that Stripe signs the events of `/v1/rails/stripe/events` with. Without it there is no such path.',
    secret: true,
  }),
  STRIPE_LOOK_AGAIN_DAYS: z.coerce.number().int().min(1).max(180).default(30).meta({
    description:
      'Pause between two looks at a transfer that was made, for half a year: one that was taken back is found though its event was lost.',
    unit: 'days',
  }),
};

const hexOf = (digits: number) => new RegExp(`^0x[0-9a-fA-F]{${digits}}$`);

/** USDC from a hot wallet; the rail is off without the first four. */
const usdcRailSettings = {
  USDC_RPC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description: 'JSON-RPC address of a node of the chain that USDC is paid on. Without it the rail is off.',
      secret: true,
    }),
  USDC_CHAIN_ID: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'Id of that chain; a node of another one is refused.',
  }),
  USDC_TOKEN_ADDRESS: z.string().regex(hexOf(40), 'must be 0x and 40 hex digits').optional().meta({
    description: 'Contract of USDC on that chain; it must have six decimals.',
  }),
  USDC_WALLET_KEY: z
    .string()
    .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
    .optional()
    .meta({
      description:
        'Private key of the wallet that pays. Nobody else may send from it. Keep no more in it than some days of payouts.',
      secret: true,
    }),
  USDC_CONFIRMATIONS: z.coerce.number().int().min(1).max(100).default(12).meta({
    description: 'Blocks that stand on a payment, its own counted, before it is settled.',
    unit: 'blocks',
  }),
  USDC_MAX_FEE_GWEI: z.coerce.number().int().min(1).max(100_000).default(100).meta({
    description: 'Most that is paid per unit of gas. While the chain asks for more, payouts wait.',
    unit: 'gwei',
  }),
  USDC_BUMP_AFTER_MS: z.coerce.number().int().min(1_000).max(86_400_000).default(180_000).meta({
    description: 'How long a payment may be in no block before it is offered again with a higher fee.',
    unit: 'ms',
  }),
};

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  ...identitySettings,
  ...webhookSettings,
  // Reconciliation sums whole tenants up.
  DATABASE_STATEMENT_TIMEOUT_MS: statementTimeoutMs(30_000),
  VIRAL_ENGINE_GRPC_ADDRESS: grpcAddressOf('viral-engine'),
  KEY_ENCRYPTION_SECRET: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .meta({
      description:
        'Seals what persons give to be paid: bank details, wallet addresses, tax numbers. Losing it loses them: they must be given again.',
      secret: true,
    }),
  PAYOUT_METHOD_HOLD_HOURS: z.coerce.number().int().min(0).max(720).default(48).meta({
    description: 'How long a change of payout method receives nothing, so that its person can object.',
    unit: 'hours',
  }),
  PAYOUT_CANCEL_WINDOW_MS: z.coerce.number().int().min(0).max(604_800_000).default(3_000).meta({
    description: 'How long a payout waits before it goes to the rail; until then it can be cancelled.',
    unit: 'ms',
  }),
  PAYOUT_WORK_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(60_000)
    .default(500)
    .meta({ description: 'Pause between looks for payouts that the rail is to be asked about.', unit: 'ms' }),
  PAYOUT_SCHEDULES_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(3_600_000)
    .default(60_000)
    .meta({ description: 'Pause between looks for payout schedules whose time has come.', unit: 'ms' }),
  PAYOUT_BATCH_AFTER_MS: z.coerce.number().int().min(0).max(86_400_000).default(3_600_000).meta({
    description: 'How long an approved payout waits at most for others to leave with it in one file.',
    unit: 'ms',
  }),
  ...stripeRailSettings,
  ...usdcRailSettings,
  RECONCILE_EVERY_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(86_400_000)
    .default(900_000)
    .meta({ description: 'Pause between two reconciliations of the ledger with viral-engine.', unit: 'ms' }),
  ...sepaSettings,
  ...achSettings,
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
