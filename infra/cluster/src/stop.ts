// `npm run stop -w @dailydoco/cluster`: ends the cluster and everything it made, its data included.
import { explain } from '@dailydoco/local';
import { stopCluster } from './cluster.js';
import { clusterLayout } from './layout.js';

try {
  const ran = await stopCluster(clusterLayout(), (text) => process.stdout.write(`${text}\n`));
  process.stdout.write(ran ? '✔ The cluster is gone.\n' : 'No cluster was running.\n');
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
