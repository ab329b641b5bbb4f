import { writeFileSync } from 'node:fs';
import { Api } from './api.js';
import { tellDemo } from './demo-story.js';
import { ADMIN_EMAIL, type Fleet } from './fleet.js';
import type { Progress } from './progress.js';
import { saveSecrets } from './secrets.js';
import { SERVICES } from './services.js';
import { StartError } from './start-error.js';

const EVERY_SCOPE = ['purchases:write', 'purchases:read', 'purchases:backdate', 'events:write', 'ai:invoke'];

/** Makes what a first start needs (an API key), writes `fleet.json`, and tells the demo once. */
export async function prepareFirstUse(
  fleet: Fleet,
  progress: Progress,
  options: { demo?: boolean } = {},
): Promise<void> {
  const api = new Api(fleet.addresses.gatewayUrl);
  fleet.secrets.apiKey ??= await makeApiKey(api, fleet);
  saveSecrets(fleet.layout.secretsFile, fleet.secrets);
  writeFleetFile(fleet, fleet.secrets.apiKey);
  if (options.demo === false || fleet.secrets.demoTold === true) return;
  await tellDemo({
    gatewayUrl: fleet.addresses.gatewayUrl,
    admin: fleet.addresses.admin,
    say: (text) => progress.say(text),
  });
  fleet.secrets.demoTold = true;
  saveSecrets(fleet.layout.secretsFile, fleet.secrets);
}

async function makeApiKey(api: Api, fleet: Fleet): Promise<string> {
  const login = await api.post<{ tokens: { accessToken: string } }>('/v1/auth/login', {
    email: ADMIN_EMAIL,
    password: fleet.secrets.adminPassword,
  });
  const made = await api.post<{ key: string }>(
    '/v1/api-keys',
    { name: 'local run', scopes: EVERY_SCOPE },
    { token: login.tokens.accessToken },
  );
  if (!made.key.startsWith('dd_'))
    throw new StartError('No API key could be made.', { why: 'the answer held none', todo: 'look into identity.log' });
  return made.key;
}

function writeFleetFile(fleet: Fleet, apiKey: string): void {
  const { addresses } = fleet;
  const content = {
    gatewayUrl: addresses.gatewayUrl,
    admin: addresses.admin,
    apiKey,
    databases: Object.fromEntries(SERVICES.map((name) => [name, addresses.databaseUrls[name].app])),
    kafkaBrokers: addresses.kafkaBrokers,
    redisUrl: addresses.redisUrl,
    services: Object.fromEntries(
      SERVICES.map((name) => [
        name,
        {
          httpUrl: `http://127.0.0.1:${addresses.ports[name].http}`,
          grpcAddress: `127.0.0.1:${addresses.ports[name].grpc}`,
        },
      ]),
    ),
  };
  writeFileSync(fleet.layout.fleetFile, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}
