import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@dailydoco/local';
import { run } from './run.js';

/** What is generated, in the order in which one may need the other. Each command is idempotent. */
const GENERATORS: readonly { title: string; command: string; args: readonly string[]; needs?: string }[] = [
  { title: 'TypeScript of the protobuf contracts', command: 'buf', args: ['generate'] },
  { title: 'Prisma clients', command: 'nx', args: ['run-many', '-t', 'generate', '--exclude=@dailydoco/proto'] },
  // What follows runs built programs of the sources as they are now.
  { title: 'build', command: 'nx', args: ['run-many', '-t', 'build'] },
  {
    title: 'kong.yml',
    command: 'node',
    args: ['infra/gateway/dist/generate.js'],
    needs: 'infra/gateway/src/generate.ts',
  },
  {
    title: 'OpenAPI document',
    command: 'node',
    args: ['infra/gateway/dist/merge-openapi.js'],
    needs: 'infra/gateway/src/merge-openapi.ts',
  },
  {
    title: 'alerts, dashboards and collector configuration',
    command: 'node',
    args: ['infra/observability/dist/generate.js'],
    needs: 'infra/observability/src/generate.ts',
  },
  { title: 'table of settings', command: 'node', args: ['infra/checks/dist/config-docs.js', '--write'] },
];

/** Runs every generator; returns what failed, in words. */
export async function generateAll(say: (text: string) => void): Promise<string[]> {
  const problems: string[] = [];
  for (const { title, command, args, needs } of GENERATORS) {
    if (needs !== undefined && !existsSync(join(repositoryRoot, needs))) continue;
    const { code, output } = await run(command, args, { cwd: repositoryRoot });
    say(`  ${code === 0 ? '✔' : '✖'} ${title}`);
    if (code !== 0) problems.push(`${title}: ${output.trim().split('\n').slice(-20).join('\n')}`);
  }
  return problems;
}
