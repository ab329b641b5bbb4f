// Runs in the image that stands in for Kong's where no registry is: takes what the chart tells Kong by its environment, and
// starts the gateway of infra/gateway, which reads the same kong.yml, with settings that say the same.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { kongSettings } from './kong-settings.js';

const file = process.env['KONG_DECLARATIVE_CONFIG'] ?? '';
const settings = kongSettings(readFileSync(file, 'utf8'), process.env);
const child = spawn(process.execPath, ['--import', '@dailydoco/telemetry/register', 'dist/main.js'], {
  stdio: 'inherit',
  env: { ...process.env, ...settings },
});
// Kong's own image is stopped by SIGQUIT, at which nginx finishes what it has in hand; the gateway does that at SIGTERM.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)
  process.on(signal, () => child.kill(signal === 'SIGQUIT' ? 'SIGTERM' : signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
