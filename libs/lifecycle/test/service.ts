// A process that lives as a service does, for the tests that send it real signals. Prints what happens, line by line.
import { Lifecycle } from '../src/index.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const lifecycle = new Lifecycle({ logger: quiet, notReadyDelayMs: 1, drainTimeoutMs: 60_000 });
const behaviour = process.argv[2];

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

lifecycle.onStop('drain', 'http', async () => {
  tell('drain');
  if (behaviour === 'stuck') await new Promise<void>(() => undefined);
  if (behaviour === 'broken') throw new Error('broken pipe');
});
lifecycle.onStop('stores', 'pool', async () => {
  tell('stores');
  await Promise.resolve();
});
lifecycle.installSignalHandlers();
// Something that keeps the process alive after the hooks, as a forgotten socket would.
setInterval(() => undefined, 60_000);
await lifecycle.start();
tell('started');
