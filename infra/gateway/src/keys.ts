// `node dist/keys.js merge --config base.yml [--keys jwks.json] --out kong.yml`: writes the file that Kong reads.
// `node dist/keys.js refresh`: brings Kong the keys that identity publishes now, inside a cluster.
import { createLogger } from '@dailydoco/telemetry';
import { keysCommand } from './keys/command.js';

process.exitCode = await keysCommand(process.argv.slice(2), {
  logger: createLogger({ service: 'gateway-keys', level: 'info' }),
  complain: (text) => process.stderr.write(`${text}\n`),
});
