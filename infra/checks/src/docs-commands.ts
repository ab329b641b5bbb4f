import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** npm's own commands, which no package.json has to define. */
const NPM_OWN = new Set(['install', 'ci', 'view', 'ls', 'exec']);
const COMMAND = /\bnpm (?:(run|-w \S+ run|run -w \S+) )?([a-z][a-z0-9:-]*)/g;

export interface DocumentedCommand {
  readonly file: string;
  readonly command: string;
}

/** Every `npm …` command that stands in code of a Markdown text: fenced blocks and inline code. */
export function commandsIn(file: string, markdown: string): DocumentedCommand[] {
  const code = [...markdown.matchAll(/```[^\n]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const found = code.flatMap((text) =>
    [...text.matchAll(COMMAND)].map((match) => ({ file, script: match[2] ?? '', spoken: match[0] })),
  );
  return found.filter(({ script }) => !NPM_OWN.has(script)).map(({ spoken }) => ({ file, command: spoken }));
}

/** The documented commands that the scripts do not have. */
export function missingCommands(root: string, files: readonly string[], scripts: ReadonlySet<string>): string[] {
  const missing: string[] = [];
  for (const file of files) {
    if (!existsSync(join(root, file))) continue;
    for (const { command } of commandsIn(file, readFileSync(join(root, file), 'utf8'))) {
      const script = command.split(' ').at(-1) ?? '';
      if (!scripts.has(script)) missing.push(`${file} names \`${command}\`, which does not exist`);
    }
  }
  return missing;
}
