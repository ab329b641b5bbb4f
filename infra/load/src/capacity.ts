// `npm run capacity`: measures what each call costs and computes from it what larger loads would take; writes figures.json and
// docs/capacity.md. `-- --from-figures` computes only.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explain, repositoryRoot, terminalProgress } from '@dailydoco/local';
import { capacityDocument } from './load/capacity-document.js';
import type { Figures } from './load/capacity-model.js';
import { measureCosts } from './load/costs.js';
import { withLoadedFleet } from './load/loaded-fleet.js';
import { machine, today } from './load/machine.js';

const FIGURES = join(repositoryRoot, 'infra', 'load', 'figures.json');
const DOCUMENT = join(repositoryRoot, 'docs', 'capacity.md');
const progress = terminalProgress();

try {
  if (!process.argv.includes('--from-figures')) {
    const measured = await withLoadedFleet(progress, (loaded) => measureCosts(loaded, progress));
    const figures: Figures = { machine: machine(), command: 'npm run capacity', date: today(), ...measured };
    writeFileSync(FIGURES, `${JSON.stringify(figures, undefined, 2)}\n`);
  }
  writeFileSync(DOCUMENT, capacityDocument(JSON.parse(readFileSync(FIGURES, 'utf8')) as Figures));
  progress.say('docs/capacity.md is written');
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
