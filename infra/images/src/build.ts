// `npm run images`; what it can do stands in usage.ts.
import { repositoryRoot, terminalProgress } from '@dailydoco/local';
import { buildAirGapped } from './build-air-gapped.js';
import { buildWithEngine } from './build-with-engine.js';
import { checkImages } from './check.js';
import { AssembleError } from './closure.js';
import { BuildError } from './run.js';
import { updateDebianLock } from './update-debian.js';
import { readArguments, USAGE, UsageError } from './usage.js';

// Modes inside an image never depend on who builds it.
process.umask(0o022);
const progress = terminalProgress();

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (args.updateDebian) await updateDebianLock(repositoryRoot, progress);
  else if (args.check) return checkImages(args, repositoryRoot, progress);
  else if (args.airGapped) await buildAirGapped(args, repositoryRoot, progress);
  else await buildWithEngine(args, repositoryRoot, progress);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected = error instanceof BuildError || error instanceof AssembleError || error instanceof UsageError;
  process.stderr.write(`\n✖ ${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
