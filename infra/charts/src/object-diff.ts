import { type KubernetesObject, nameOf } from './kubernetes.js';

/**
 * What differs between two renderings, one object or field a line:
 *
 *     ~ Deployment/dd-identity
 *         spec.replicas: 2 → 3
 *     + Job/dd-topics
 *
 * Items of lists are named by their `name`, where they have one, so that an insertion is not a change of all that follow. Of a
 * long text the lines are told that came and went. A checksum says no more than that something else changed.
 */
export function diffObjects(before: readonly KubernetesObject[], after: readonly KubernetesObject[]): string {
  const old = new Map(before.map((object) => [nameOf(object), object]));
  const now = new Map(after.map((object) => [nameOf(object), object]));
  const lines: string[] = [];
  for (const name of [...new Set([...old.keys(), ...now.keys()])].toSorted()) {
    const was = old.get(name);
    const is = now.get(name);
    if (was === undefined) lines.push(`+ ${name}`);
    else if (is === undefined) lines.push(`- ${name}`);
    else lines.push(...changes(name, was, is));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function changes(name: string, was: KubernetesObject, is: KubernetesObject): string[] {
  const [before, after] = [flatten({ ...was, source: '' }), flatten({ ...is, source: '' })];
  const lines: string[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const [left, right] = [before.get(path), after.get(path)];
    if (left === right) continue;
    if (path.includes('checksum/')) lines.push(`    ${path}: another one`);
    else if (isLong(left) || isLong(right)) lines.push(...lineChanges(path, left ?? '', right ?? ''));
    else lines.push(`    ${path}: ${left ?? '(absent)'} → ${right ?? '(absent)'}`);
  }
  return lines.length === 0 ? [] : [`~ ${name}`, ...lines];
}

function isLong(text: string | undefined): boolean {
  return text?.includes('\n') ?? false;
}

/** The lines that came and went, each once with how often; where they stand does not matter. */
function lineChanges(path: string, was: string, is: string): string[] {
  const [before, after] = [countLines(was), countLines(is)];
  const gone = surplus(before, after).map((line) => `    ${path}: without ${line}`);
  const come = surplus(after, before).map((line) => `    ${path}: with ${line}`);
  return [...gone, ...come];
}

function countLines(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) counts.set(line.trim(), (counts.get(line.trim()) ?? 0) + 1);
  return counts;
}

function surplus(own: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): string[] {
  return [...own]
    .map(([line, count]) => [line, count - (other.get(line) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([line, count]) => `${count} × "${line}"`);
}

const LONGEST = 160;

/** Every scalar by its path; texts of several lines as they are. */
function flatten(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) {
    if (value.length === 0) found.set(path, '[]');
    value.forEach((item: unknown, index) => flatten(item, `${path}[${labelOf(item) ?? index}]`, found));
  } else if (typeof value === 'object' && value !== null) {
    if (Object.keys(value).length === 0) found.set(path, '{}');
    for (const [key, inner] of Object.entries(value)) flatten(inner, joined(path, key), found);
  } else if (typeof value === 'string' && value.trim().includes('\n')) {
    found.set(path, value);
  } else found.set(path, shortened(JSON.stringify(value) ?? ''));
  return found;
}

function joined(path: string, key: string): string {
  const step = /[./]/.test(key) ? `"${key}"` : key;
  return path === '' ? step : `${path}.${step}`;
}

function labelOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
