import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTool, runProgram, ToolError } from '@dailydoco/tools';
import { type KubernetesObject, parseObjects } from './kubernetes.js';
import { chartsFolder, examplesFolder, repository, umbrellaFolder } from './places.js';

export const RELEASE = 'dd';
export const NAMESPACE = 'dailydoco';

export const EXAMPLES = ['evaluation', 'production', 'high-availability', 'external-stores'] as const;
export type Example = (typeof EXAMPLES)[number];

/** What the chart is rendered with: an example, and what is set over it. */
export interface Rendering {
  readonly example?: Example;
  /** Values over the example's, as a file named after it would give them. */
  readonly values?: object;
  readonly upgrade?: boolean;
  readonly release?: string;
  /** Further flags of `helm template`. */
  readonly flags?: readonly string[];
}

/** The chart refused values, by its schema or by a sentence of a template. */
export class ChartRefusal extends Error {
  override readonly name = 'ChartRefusal';
}

const HELM_TIMEOUT_MS = 60_000;
// Helm tells of each symbolic link that it follows, and of each file that it does not like the mode of.
const NOISE = /^level=INFO |^WARNING: Kubernetes configuration file/;

async function helm(args: readonly string[]): Promise<string> {
  const command = await ensureTool('helm');
  try {
    return await runProgram({ command, args, cwd: repository, timeoutMs: HELM_TIMEOUT_MS });
  } catch (cause) {
    if (!(cause instanceof ToolError)) throw cause;
    const told = cause.message.split('\n').slice(1);
    throw new ChartRefusal(told.filter((line) => !NOISE.test(line)).join('\n'), { cause });
  }
}

function valueFiles(folder: string, { example, values }: Rendering): string[] {
  const files = example === undefined ? [] : [join(examplesFolder, example, 'values.yaml')];
  if (values !== undefined) {
    // As JSON, which is YAML in which every string is quoted: Helm takes a bare `yes` for true.
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    files.push(file);
  }
  return files.flatMap((file) => ['--values', file]);
}

async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-charts-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `helm template` writes for the umbrella chart; throws a ChartRefusal with Helm's words when it refuses. */
export function renderText(rendering: Rendering): Promise<string> {
  const { upgrade = false, release = RELEASE, flags = [] } = rendering;
  return withScratch((folder) =>
    helm([
      'template',
      release,
      umbrellaFolder,
      '--namespace',
      NAMESPACE,
      ...valueFiles(folder, rendering),
      ...(upgrade ? ['--is-upgrade'] : []),
      ...flags,
    ]),
  );
}

/** The same, once in a run of the tests: spec files share it through a folder that their run makes. */
export async function renderOnce(rendering: Rendering): Promise<string> {
  const folder = process.env['CHARTS_RENDERED'];
  if (folder === undefined) return renderText(rendering);
  const file = join(folder, createHash('sha256').update(JSON.stringify(rendering)).digest('hex'));
  if (!existsSync(file)) writeFileSync(file, await renderText(rendering));
  return readFileSync(file, 'utf8');
}

export async function render(rendering: Rendering): Promise<readonly KubernetesObject[]> {
  return parseObjects(await renderOnce(rendering));
}

/** What `helm lint --strict` says about a chart, with values; throws a ChartRefusal when it complains. */
export function lint(chart: string, rendering: Rendering = {}): Promise<string> {
  const args = ['lint', '--strict', join(chartsFolder, chart), '--namespace', NAMESPACE];
  return withScratch((folder) => helm([...args, ...valueFiles(folder, rendering)]));
}
