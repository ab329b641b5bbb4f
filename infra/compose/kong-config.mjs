// Writes /kong/kong.yml: the gateway's own file, the password of Redis, and the keys that identity publishes now. Kong reads it once, at
// its start. After identity has changed its keys: docker compose run --rm kong-config, then docker compose restart kong; until then a
// token of a newer key counts as anonymous at Kong, and the services decide.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { parse, stringify } = createRequire('/app/infra/gateway/package.json')('yaml');

const response = await fetch('http://identity:8080/.well-known/jwks.json', { signal: AbortSignal.timeout(10_000) });
if (!response.ok) throw new Error(`identity answered ${response.status} when asked for its keys`);
writeFileSync('/tmp/jwks.json', await response.text());

const kong = parse(readFileSync('/app/infra/gateway/kong.yml', 'utf8'));
const password = readFileSync('/run/secrets/redis-password', 'utf8').trim();
for (const { plugins = [] } of [kong, ...kong.services, ...kong.services.flatMap(({ routes }) => routes)])
  for (const { name, config } of plugins) if (name === 'rate-limiting') config.redis.password = password;
writeFileSync('/tmp/kong.yml', stringify(kong));

const merge = [
  'dist/keys.js',
  'merge',
  '--config',
  '/tmp/kong.yml',
  '--keys',
  '/tmp/jwks.json',
  '--out',
  '/kong/kong.yml',
];
execFileSync(process.execPath, merge, { cwd: '/app/infra/gateway', stdio: 'inherit' });
