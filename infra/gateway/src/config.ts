import { defineConfig, type Environment } from '@dailydoco/config';
import { z } from 'zod';

/** Where the host names of kong.yml are found: `identity=127.0.0.1:4001|127.0.0.1:5001,viral-engine=127.0.0.1:4002`. */
const upstreams = z.string().transform((text, context) => {
  const entries = text.split(',').map((entry) => entry.trim().split('='));
  const map = new Map<string, readonly string[]>();
  for (const [host = '', instances = ''] of entries) {
    const addresses = instances.split('|');
    if (host === '' || map.has(host) || !addresses.every((address) => /^[^\s/:|]+:\d{1,5}$/.test(address))) {
      const message = 'must be name=host:port, separated by commas; several instances as host:port|host:port';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    map.set(host, addresses);
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
  GATEWAY_UPSTREAMS: upstreams.describe(
    'Where the services of kong.yml are: name=host:port, separated by commas; several instances of one as host:port|host:port.',
  ),
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

/** Longer than the 15 minutes that an access token lives. */
const LEAST_OVERLAP_S = 900;
const USUAL_OVERLAP_S = 1_200;

/** Every setting of `dist/keys.js refresh`. */
export const keysConfigSchema = z.object({
  GATEWAY_JWKS_URL: z.url().describe('Where identity publishes its public signing keys.'),
  GATEWAY_KEYS_SECRET: z.string().min(1).describe('Secret that holds the keys for Kong; it must exist.'),
  GATEWAY_KEYS_DEPLOYMENT: z.string().min(1).describe('Deployment of Kong, whose pods are replaced when keys change.'),
  GATEWAY_KEYS_OVERLAP_S: z.coerce
    .number()
    .int()
    .min(LEAST_OVERLAP_S)
    .max(86_400)
    .default(USUAL_OVERLAP_S)
    .meta({ description: 'How long a key is kept that is published no longer; tokens live 900 s.', unit: 's' }),
  GATEWAY_KEYS_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(30_000)
    .default(5_000)
    .meta({ description: 'Longest wait for one answer of identity or of the Kubernetes API.', unit: 'ms' }),
  GATEWAY_SERVICE_ACCOUNT_DIR: z
    .string()
    .default('/var/run/secrets/kubernetes.io/serviceaccount')
    .describe('Where the service account’s token, ca.crt and namespace are mounted.'),
  KUBERNETES_SERVICE_HOST: z.string().min(1).describe('Address of the Kubernetes API; the kubelet sets it.'),
  KUBERNETES_SERVICE_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(443)
    .describe('Its port; the kubelet sets it.'),
});

export type KeysConfig = z.output<typeof keysConfigSchema>;

export function readKeysConfig(env?: Environment): KeysConfig {
  return defineConfig(keysConfigSchema, env);
}

export type Config = z.output<typeof configSchema>;

export function readConfig(env?: Environment): Config {
  return defineConfig(configSchema, env);
}
