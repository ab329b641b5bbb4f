import { z } from 'zod';
import { parseNetwork, type TargetRules } from './target.js';

const count = (usual: number, max: number) => z.coerce.number().int().min(1).max(max).default(usual);

function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The settings of a service that sends webhooks, to be spread into its own schema. */
export const webhookSettings = {
  WEBHOOK_SEND_EVERY_MS: z.coerce
    .number()
    .int()
    .min(10)
    .max(30_000)
    .default(500)
    .meta({ description: 'Pause between looks for webhook messages that are due.', unit: 'ms' }),
  WEBHOOK_TIMEOUT_MS: z.coerce.number().int().min(100).max(30_000).default(15_000).meta({
    description: 'How long a receiver may take for its answer; later it counts as none.',
    unit: 'ms',
  }),
  WEBHOOK_IN_FLIGHT_MAX: count(32, 1_000).meta({
    description:
      'Most webhook messages under way at a time in one replica; receivers that fail or are slow get a quarter.',
    unit: 'messages',
  }),
  WEBHOOK_RECEIVER_IN_FLIGHT_MAX: count(8, 100).meta({
    description:
      'Most webhook messages under way to one subscription, over all replicas; one while it fails or is slow.',
    unit: 'messages',
  }),
  WEBHOOK_PORTS: z
    .string()
    .regex(/^[0-9]{1,5}(,[0-9]{1,5})*$/, 'must be ports, separated by commas')
    .default('443,8443')
    .describe('Ports of receivers outside WEBHOOK_NETWORKS, separated by commas.'),
  WEBHOOK_NETWORKS: z
    .string()
    .default('')
    .refine(
      (text) => listed(text).every((part) => parseNetwork(part) !== undefined),
      'must be networks like 10.1.0.0/16',
    )
    .describe(
      'Private networks that webhooks may be sent to, such as 10.1.0.0/16, separated by commas; every port of theirs. Without them only public addresses are reached.',
    ),
  WEBHOOK_ALLOW_HTTP: z
    .stringbool()
    .default(false)
    .describe('Whether webhooks may be sent over http, which anybody on the way can read. For local runs.'),
};

export type WebhookConfig = z.output<z.ZodObject<typeof webhookSettings>>;

/** Where the settings let messages go. */
export function targetRulesOf(config: WebhookConfig): TargetRules {
  return {
    allowHttp: config.WEBHOOK_ALLOW_HTTP,
    ports: listed(config.WEBHOOK_PORTS).map(Number),
    networks: listed(config.WEBHOOK_NETWORKS)
      .map(parseNetwork)
      .filter((network) => network !== undefined),
  };
}
