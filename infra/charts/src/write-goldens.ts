// `npm run goldens`: renders every example and every upgrade anew into the files that the tests compare.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureTool } from '@dailydoco/tools';
import { goldensOf } from './goldens.js';
import { EXAMPLES, renderText } from './helm.js';
import { examplesFolder, upgradesFolder } from './places.js';
import { UPGRADES, upgradeChanges } from './upgrades.js';

/** Writes the files and removes those that are no longer among them. */
function replaceFiles(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}

await ensureTool('helm', { onProgress: (text) => process.stdout.write(`… ${text}\n`) });
for (const example of EXAMPLES) {
  const goldens = goldensOf(await renderText({ example }));
  replaceFiles(join(examplesFolder, example, 'rendered'), goldens);
  process.stdout.write(`✔ ${example}: ${goldens.size} files\n`);
}
const changes = new Map<string, string>();
for (const upgrade of UPGRADES) changes.set(`${upgrade.file}.txt`, await upgradeChanges(upgrade));
replaceFiles(upgradesFolder, changes);
process.stdout.write(`✔ upgrades: ${changes.size} files\n`);
