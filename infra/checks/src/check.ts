import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { explain, repositoryRoot } from '@dailydoco/local';
import { missingCommands } from './docs-commands.js';
import { deadLinks } from './docs-links.js';
import { generateAll } from './generate.js';
import { migrationsEqualSchemas } from './migrations.js';
import { forbiddenUses } from './project-boundaries.js';
import { readProjects } from './projects.js';
import { run } from './run.js';

/** A check finds problems, each told in words; none is good. */
interface Check {
  readonly title: string;
  find(): Promise<string[]>;
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** A check that is a program: its output is the problem. */
function program(title: string, command: string, args: readonly string[]): Check {
  return {
    title,
    async find() {
      const { code, output } = await run(command, args, { cwd: repositoryRoot });
      return code === 0 ? [] : [output.trim().split('\n').slice(-60).join('\n')];
    },
  };
}

async function workingTree(): Promise<string> {
  return (await run('git', ['status', '--porcelain'], { cwd: repositoryRoot })).output;
}

const generatedIsCurrent: Check = {
  title: 'generated files are current',
  async find() {
    const before = await workingTree();
    const problems = await generateAll(say);
    const after = await workingTree();
    return after === before
      ? problems
      : [...problems, `generating changed the working tree; commit what it made:\n${after}`];
  },
};

async function documents(): Promise<string[]> {
  const { output } = await run('git', ['ls-files', '*.md'], { cwd: repositoryRoot });
  return output.split('\n').filter((file) => file !== '');
}

const documentedCommandsExist: Check = {
  title: 'every command in the documents exists',
  async find() {
    const root = readProjects(repositoryRoot);
    const { scripts } = (await import(join(repositoryRoot, 'package.json'), { with: { type: 'json' } })).default as {
      scripts: Record<string, string>;
    };
    const known = new Set([...Object.keys(scripts), ...root.flatMap((project) => Object.keys(project.scripts))]);
    return missingCommands(repositoryRoot, await documents(), known);
  },
};

const documentsLinkToWhatExists: Check = {
  title: 'every link in the documents leads somewhere',
  find: async () => deadLinks(repositoryRoot, await documents()),
};

/** Names that say nothing about what is inside. */
const BANNED_FOLDERS = new Set(['utils', 'util', 'common', 'shared', 'core', 'helpers', 'misc']);

const foldersAreNamed: Check = {
  title: 'folders are named for what they hold',
  async find() {
    const { output } = await run('git', ['ls-files', 'services', 'libs', 'infra', 'proto'], { cwd: repositoryRoot });
    const bad = output.split('\n').filter((file) =>
      file
        .split('/')
        .slice(0, -1)
        .some((part) => BANNED_FOLDERS.has(part)),
    );
    return bad.map((file) => `${file} lies in a folder named for nothing`);
  },
};

const projectsHaveReadme: Check = {
  title: 'every project says what it is',
  async find() {
    return readProjects(repositoryRoot)
      .filter(({ folder }) => !readdirSync(join(repositoryRoot, folder)).includes('README.md'))
      .map(({ folder }) => `${folder} has no README.md`);
  },
};

const CHECKS: readonly Check[] = [
  generatedIsCurrent,
  program('formatting', 'biome', ['format', '.']),
  program('lint', 'oxlint', ['.']),
  program('types', 'tsc', ['-p', 'tsconfig.all.json']),
  program('types of what uses a browser’s names', 'nx', [
    'run-many',
    '-t',
    'typecheck',
    '--output-style=static',
    '--projects=@dailydoco/website-builder,@dailydoco/checks',
  ]),
  { title: 'boundaries between projects', find: async () => forbiddenUses(readProjects(repositoryRoot)) },
  program('boundaries between files, and no cycles', 'depcruise', [
    '--config',
    '.dependency-cruiser.mjs',
    'libs',
    'services',
    'infra',
  ]),
  program('protobuf style', 'buf', ['lint']),
  { title: 'migrations equal the Prisma schemas', find: () => migrationsEqualSchemas() },
  documentedCommandsExist,
  documentsLinkToWhatExists,
  foldersAreNamed,
  projectsHaveReadme,
];

let failures = 0;
for (const check of CHECKS) {
  const startedAt = performance.now();
  const problems = await check.find().catch((error: unknown) => [explain(error)]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`${problems.length === 0 ? '✔' : '✖'} ${check.title} (${seconds} s)`);
  for (const problem of problems) say(problem.replaceAll(/^/gm, '    '));
  failures += problems.length === 0 ? 0 : 1;
}
say(`checks: ${CHECKS.length - failures} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
