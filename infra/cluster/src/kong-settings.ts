import { parse } from 'yaml';

interface KongFile {
  readonly upstreams?: readonly { readonly targets?: readonly { readonly target: string }[] }[];
  readonly plugins?: readonly KongPlugin[];
}

interface KongPlugin {
  readonly name: string;
  readonly config?: { readonly redis?: KongRedis };
}

interface KongRedis {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
}

/** The settings of infra/gateway that say what Kong's environment and file say. */
export function kongSettings(text: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const kong = parse(text) as KongFile;
  const targets = (kong.upstreams ?? []).flatMap(({ targets: some = [] }) => some.map(({ target }) => target));
  const redis = kong.plugins?.find(({ config }) => config?.redis !== undefined)?.config?.redis;
  if (redis === undefined) throw new Error('the configuration names no Redis in any plugin of its own list');
  const file = env['KONG_DECLARATIVE_CONFIG'];
  if (file === undefined) throw new Error('KONG_DECLARATIVE_CONFIG is not set');
  return {
    GATEWAY_CONFIG: file,
    GATEWAY_HOST: '0.0.0.0',
    GATEWAY_PORT: listenPort(env['KONG_PROXY_LISTEN'], 8000),
    GATEWAY_STATUS_PORT: listenPort(env['KONG_STATUS_LISTEN'], 8100),
    GATEWAY_UPSTREAMS: targets.map((target) => `${target.split(':')[0]}=${target}`).join(','),
    REDIS_URL: redisUrl(redis, env),
    // While it drains every answer ends its connection, so that none is closed under a request that is on its way.
    SHUTDOWN_DELAY_MS: '3000',
  };
}

/** The port of the first address of a listen setting: `0.0.0.0:8000 reuseport, 0.0.0.0:8443 ssl`. */
function listenPort(setting: string | undefined, usual: number): string {
  return /^\s*[^\s,]*:(\d+)/.exec(setting ?? '')?.[1] ?? String(usual);
}

function redisUrl({ host, port, password }: KongRedis, env: NodeJS.ProcessEnv): string {
  const secret = password === undefined ? '' : `:${encodeURIComponent(fromVault(password, env))}@`;
  return `redis://${secret}${host}:${port}`;
}

/** `{vault://env/redis-password}` is the variable REDIS_PASSWORD. */
function fromVault(reference: string, env: NodeJS.ProcessEnv): string {
  const name = /^\{vault:\/\/env\/([\w-]+)\}$/.exec(reference)?.[1]?.toUpperCase().replaceAll('-', '_');
  if (name === undefined) return reference;
  const value = env[name];
  if (value === undefined) throw new Error(`the configuration refers to ${name}, which is not set`);
  return value;
}
