// `npm run config:docs`: prints every service's settings as tables; with `--write` into docs/settings.md, which the checks
// hold current.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type describeConfig, renderConfigTable, describeConfig as rowsOf } from '@dailydoco/config';
import { repositoryRoot } from '@dailydoco/local';
import { type Project, readProjects } from './projects.js';
import { run } from './run.js';

type Schema = Parameters<typeof describeConfig>[0];
const FILE = join(repositoryRoot, 'docs', 'settings.md');

/** Programs that a project has beside its service, and what their schema is called. */
const JOBS = {
  'Its migration job': 'migrateConfigSchema',
  'Its job that refreshes the keys (`dist/keys.js refresh`)': 'keysConfigSchema',
} as const;

const INTRODUCTION = `# Settings

Every setting of every service, read once at boot from the environment. Each may also come from a file: \`NAME_FILE\` holds its path. A wrong
or missing one stops the boot and names the key, never the value. Made by \`npm run config:docs\` from the schemas that read them; edit those.
`;

interface Schemas {
  readonly service: Schema;
  /** Of the programs beside it, by what the chapter calls them. */
  readonly jobs: ReadonlyMap<string, Schema>;
}

/** The built configuration of a project, if it has one. The path is computed: no project is imported by name. */
async function schemasOf({ folder }: Project): Promise<Schemas | undefined> {
  const file = join(repositoryRoot, folder, 'dist', 'config.js');
  if (!existsSync(file)) return undefined;
  const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, Schema | undefined>>;
  const service = module['configSchema'];
  if (service === undefined) throw new Error(`${folder}/src/config.ts exports no configSchema`);
  const jobs = new Map<string, Schema>();
  for (const [title, name] of Object.entries(JOBS)) {
    const schema = module[name];
    if (schema !== undefined) jobs.set(title, schema);
  }
  return { service, jobs };
}

async function chapterOf(project: Project): Promise<string[]> {
  const schemas = await schemasOf(project);
  if (schemas === undefined) return [];
  const chapter = [`## ${project.folder.split('/').at(-1)}\n`, renderConfigTable(rowsOf(schemas.service))];
  for (const [title, schema] of schemas.jobs) chapter.push(`${title}:\n`, renderConfigTable(rowsOf(schema)));
  return chapter;
}

const projects = readProjects(repositoryRoot).filter(
  ({ folder }) => folder.startsWith('services/') || folder === 'infra/gateway',
);
const chapters = await Promise.all(projects.map(chapterOf));
const text = [INTRODUCTION, ...chapters.flat()].join('\n');
if (process.argv.includes('--write')) {
  writeFileSync(FILE, text);
  await run('biome', ['format', '--write', FILE], { cwd: repositoryRoot });
} else process.stdout.write(text);
