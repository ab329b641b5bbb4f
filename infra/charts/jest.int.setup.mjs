// Builds the tools once, telling what it does, before any spec waits for them; and gives the spec files a folder in which they
// share what they render. Needs the built programs, as `npm test` makes them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tools = new URL('../tools/dist/index.js', import.meta.url);
const verifier = new URL('./dist/verifier.js', import.meta.url);
const TELL_EVERY_MS = 15_000;

export default async function buildTools() {
  if (!existsSync(tools) || !existsSync(verifier))
    throw new Error('The specs of the charts need the built programs: run `npm run build` in the root first');
  const { ensureTool } = await import(tools.href);
  const { ensureVerifier } = await import(verifier.href);
  let told = 0;
  const onProgress = (text) => {
    if (Date.now() - told < TELL_EVERY_MS) return;
    told = Date.now();
    process.stderr.write(`… ${text}\n`);
  };
  for (const tool of ['helm', 'helm-docs']) await ensureTool(tool, { onProgress });
  await ensureVerifier({ onProgress });
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-rendered-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.env.CHARTS_RENDERED = folder;
}
