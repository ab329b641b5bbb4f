import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDebianPackages } from '@dailydoco/stores';
import { searchPath, ToolError, type ToolOptions } from './environment.js';
import { ensureGoProgram } from './go-program.js';

// From src as from dist, both one level below the project.
const modules = fileURLToPath(new URL('../go/', import.meta.url));

const PACKAGES = {
  helm: 'helm.sh/helm/v4/cmd/helm',
  'helm-docs': 'github.com/norwoodj/helm-docs/cmd/helm-docs',
  k6: 'go.k6.io/k6',
  'stripe-mock': 'github.com/stripe/stripe-mock',
} as const;

export type ToolName = keyof typeof PACKAGES;

export const TOOL_NAMES = Object.keys(PACKAGES) as readonly ToolName[];

/** Whether a word names a tool of this project. */
export function isToolName(word: string): word is ToolName {
  return Object.hasOwn(PACKAGES, word);
}

/** The path of a tool, built from the Go module that pins it (go/<name>/) unless the cache has it. */
export function ensureTool(name: ToolName, options: ToolOptions = {}): Promise<string> {
  return ensureGoProgram({ name, moduleFolder: join(modules, name), goPackage: PACKAGES[name] }, options);
}

/** The path of a program that Debian packages: the machine's own, or installed when this may be done (root, apt). */
export async function ensureDebianProgram(
  program: string,
  debianPackage: string,
  options: ToolOptions = {},
): Promise<string> {
  await ensureDebianPackages([{ program, debianPackage }], options);
  const path = searchPath()
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
  if (path === undefined)
    throw new ToolError(`Debian’s package ${debianPackage} was installed but brought no program ${program}`);
  return path;
}
