import { defineConfig, type Environment } from '@dailydoco/config';
import { z } from 'zod';

/** Where the host names of kong.yml are found: `identity=127.0.0.1:4001,viral-engine=127.0.0.1:4002`. */
const upstreams = z.string().transform((text, context) => {
  const entries = text.split(',').map((entry) => entry.trim().split('='));
  const map = new Map<string, string>();
  for (const [host = '', address = ''] of entries) {
    if (host === '' || !/^[^\s/:]+:\d{1,5}$/.test(address)) {
      context.addIssue({ code: 'custom', message: 'must be name=host:port, separated by commas' });
      return z.NEVER;
    }
    map.set(host, address);
  }
  return map;
});

/** Every setting of the local gateway. In a cluster Kong itself stands here and reads the same file. */
export const configSchema = z.object({
  GATEWAY_CONFIG: z.string().min(1).describe('Path of the kong.yml that is to be served.'),
  GATEWAY_HOST: z.string().default('127.0.0.1').describe('Address that the gateway listens on.'),
  GATEWAY_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8000)
    .describe('Port that the gateway listens on; 0 takes a free one.'),
  GATEWAY_STATUS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Port of the gateway’s own metrics (Kong’s status address); none unless told.'),
  GATEWAY_UPSTREAMS: upstreams.describe('Where the services of kong.yml are: name=host:port, separated by commas.'),
  REDIS_URL: z
    .string()
    .meta({ description: 'Redis that counts requests, in place of the one in kong.yml.', secret: true }),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
  SHUTDOWN_DELAY_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(0)
    .meta({ description: 'Pause between "not ready" and draining.', unit: 'ms' }),
});

export type Config = z.output<typeof configSchema>;

export function readConfig(env?: Environment): Config {
  return defineConfig(configSchema, env);
}
