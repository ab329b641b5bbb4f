// `npm start -w @dailydoco/cluster`: a Kubernetes of one node, as plain processes in namespaces of their own.
import { explain, terminalProgress } from '@dailydoco/local';
import { startCluster, stopCluster } from './cluster.js';
import { clusterLayout } from './layout.js';
import { ensurePrograms } from './programs.js';

const progress = terminalProgress();
const layout = clusterLayout();
try {
  const programs = await progress.step('programs', ensurePrograms);
  try {
    await startCluster(layout, programs, progress);
  } catch (error) {
    if (!process.argv.includes('--keep')) await stopCluster(layout, (text) => progress.say(text));
    throw error;
  }
  progress.say(`\nKUBECONFIG=${layout.kubeconfig}\nkubectl: ${programs.kubernetes} kubectl\nhelm:    ${programs.helm}`);
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
