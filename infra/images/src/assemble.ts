// `node dist/assemble.js --out DIR [--image NAME]… [--runtime-root DIR]`: writes what each image holds into DIR/<name>/app.
// The Dockerfile runs it inside its build stage; nothing but Node and a built checkout is needed.
import { parseArgs } from 'node:util';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleImage } from './assemble-image.js';
import { IMAGES } from './catalogue.js';
import { AssembleError } from './closure.js';
import { sourceDateEpoch } from './environment.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
// Modes inside an image never depend on who builds it.
process.umask(0o022);
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    image: { type: 'string', multiple: true, default: [] },
    'runtime-root': { type: 'string', default: '/' },
  },
});

try {
  if (values.out === undefined) throw new AssembleError('say where to write: --out DIR');
  const unknown = values.image.find((name) => !IMAGES.some((image) => image.name === name));
  if (unknown !== undefined)
    throw new AssembleError(`there is no image ${unknown}: use ${IMAGES.map(({ name }) => name).join(', ')}`);
  for (const image of IMAGES.filter(({ name }) => values.image.length === 0 || values.image.includes(name))) {
    const { files, bytes, packages } = assembleImage(image, {
      repository,
      out: join(resolve(values.out), image.name),
      runtimeRoot: resolve(values['runtime-root']),
      nodeBinary: process.execPath,
      nodeVersion: process.versions.node,
      epochSeconds: sourceDateEpoch(),
    });
    process.stdout.write(`${image.name}: ${files} files, ${(bytes / 1e6).toFixed(1)} MB, ${packages} components\n`);
  }
} catch (error) {
  if (!(error instanceof AssembleError)) throw error;
  process.stderr.write(`✖ ${error.message}\n`);
  process.exitCode = 1;
}
