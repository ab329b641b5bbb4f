// `node dist/generate.js`: writes kong.yml from the route table.
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { readKong } from './read-kong.js';
import { renderKong } from './render.js';

const FILE = new URL('../kong.yml', import.meta.url);
const HEAD = `# Kong 3.9.3, DB-less. Made from the route table (src/routes.ts) by \`npm run generate\`; edit that.
`;

const text = `${HEAD}${stringify(renderKong(), { lineWidth: 0, aliasDuplicateObjects: false })}`;
readKong(text);
writeFileSync(FILE, text);
