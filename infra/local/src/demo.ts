import { existsSync, readFileSync } from 'node:fs';
import { tellDemo } from './demo-story.js';
import { fleetLayout } from './layout.js';
import { explain, StartError } from './start-error.js';

try {
  const { fleetFile } = fleetLayout();
  if (!existsSync(fleetFile))
    throw new StartError('There is no running fleet.', {
      why: `${fleetFile} does not exist`,
      todo: 'run `npm start` in another terminal, or `npm start -- --detach` here, then `npm run demo`',
    });
  const { gatewayUrl, admin } = JSON.parse(readFileSync(fleetFile, 'utf8')) as {
    gatewayUrl: string;
    admin: { email: string; password: string };
  };
  await tellDemo({ gatewayUrl, admin, say: (text) => process.stdout.write(`${text}\n`) });
} catch (error) {
  const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  process.stderr.write(
    refused
      ? explain(new StartError('The fleet does not answer.', { why: String(error), todo: 'start it with `npm start`' }))
      : explain(error),
  );
  process.exitCode = 1;
}
