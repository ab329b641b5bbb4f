// `npm run try -w @dailydoco/cluster`: installs the chart into a real Kubernetes on this machine, tests it, upgrades it under
// load, breaks it, installs it again, and clears everything away. `-- --keep` leaves the cluster for a look.
import { explain, terminalProgress } from '@dailydoco/local';
import { startCluster, stopCluster } from './cluster.js';
import { clusterLayout } from './layout.js';
import { ensurePrograms } from './programs.js';
import { diagnosis, tryChart } from './trial.js';

const progress = terminalProgress();
const layout = clusterLayout();
const keep = process.argv.includes('--keep');
try {
  const programs = await progress.step('programs', ensurePrograms);
  const cluster = await startCluster(layout, programs, progress);
  const findings = await tryChart(cluster, progress).catch(async (error: unknown) => {
    progress.say(await diagnosis(cluster));
    throw error;
  });
  progress.say(`\n${findings.seen.map((line) => `  ${line}`).join('\n')}`);
  for (const fault of findings.faults) progress.say(`✖ ${fault}`);
  if (findings.faults.length > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
} finally {
  if (!keep) {
    await progress.step('stop', () => stopCluster(layout, (text) => progress.say(text)));
  }
}
