import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHELLS =
  /^(?:ba|da|z|k|tc|c)?sh$|^(?:busybox|toybox|dpkg|apt|apt-get|npm|npx|yarn|corepack|perl|python3?|curl|wget)$/;
const TOOLS = ['prisma', 'typescript', 'nx', '@swc/core', 'jest', '@prisma/engines', '@prisma/studio-core'];

interface Found {
  readonly path: string;
  readonly isFolder: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function everything(root: string, path = ''): Found[] {
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const below = `${path}/${entry.name}`;
    if (entry.isSymbolicLink()) return [];
    const { mode, uid, gid } = lstatSync(join(root, below));
    const found = { path: below, isFolder: entry.isDirectory(), mode, uid, gid };
    return entry.isDirectory() ? [found, ...everything(root, below)] : [found];
  });
}

/** What a security review would refuse in a root file system: one sentence each. */
export function findingsIn(root: string, userId: number): string[] {
  const all = everything(root);
  const findings = all.flatMap(({ path, isFolder, mode, uid, gid }) => [
    ...(!isFolder &&
    SHELLS.test(path.slice(path.lastIndexOf('/') + 1)) &&
    (mode & 0o111) !== 0 &&
    !path.startsWith('/app/')
      ? [`${path} is a shell or a package manager`]
      : []),
    ...((mode & 0o6000) !== 0 && !isFolder ? [`${path} runs as another user (setuid or setgid)`] : []),
    ...((mode & 0o002) !== 0 && !(isFolder && (mode & 0o1000) !== 0) ? [`${path} can be written by everyone`] : []),
    ...(uid === userId || gid === userId ? [`${path} belongs to the user that the service runs as`] : []),
  ]);
  const tools = TOOLS.filter((name) => existsSync(join(root, 'app/node_modules', name)));
  return [...findings, ...tools.map((name) => `${name} is a tool of developers and is inside`), ...billFindings(root)];
}

interface Bill {
  readonly components: readonly { group?: string; name: string; version: string; purl: string }[];
}

/** Whether the bill of materials names each package that is there, and nothing else. */
function billFindings(root: string): string[] {
  const file = join(root, 'app/sbom.cdx.json');
  if (!existsSync(file)) return ['/app/sbom.cdx.json is missing'];
  const { components } = JSON.parse(readFileSync(file, 'utf8')) as Bill;
  const named = new Set(
    components
      .filter(({ purl }) => purl.startsWith('pkg:npm/'))
      .map(({ group, name, version }) => `${group === undefined ? '' : `${group}/`}${name}@${version}`),
  );
  const there = new Set(packagesBelow(join(root, 'app')));
  const debian = existsSync(join(root, 'var/lib/dpkg/status.d'))
    ? readdirSync(join(root, 'var/lib/dpkg/status.d')).filter((name) => !name.endsWith('.md5sums'))
    : [];
  return [
    ...[...there].filter((label) => !named.has(label)).map((label) => `${label} is inside, but not in the bill`),
    ...[...named].filter((label) => !there.has(label)).map((label) => `${label} is in the bill, but not inside`),
    ...debian
      .filter((name) => !components.some((entry) => entry.name === name && entry.purl.startsWith('pkg:deb/')))
      .map((name) => `Debian’s ${name} is inside, but not in the bill`),
    ...(components.some(({ purl }) => purl.startsWith('pkg:generic/node@')) ? [] : ['Node is not in the bill']),
    ...(existsSync(join(root, 'app/licences/index.tsv')) ? [] : ['/app/licences is missing']),
  ];
}

function packagesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory() || entry.name === 'licences') return [];
    const below = join(folder, entry.name);
    const own = isPackageFolder(below) ? labelOf(below) : [];
    return [...own, ...packagesBelow(below)];
  });
}

/** A package's own folder, not one of the folders inside it that carry a package.json to say which module format they hold. */
function isPackageFolder(folder: string): boolean {
  const steps = folder.split('/');
  const parent = steps.at(-2) ?? '';
  const isInModules = parent === 'node_modules' || (parent.startsWith('@') && steps.at(-3) === 'node_modules');
  return isInModules || ['libs', 'services', 'infra'].includes(parent);
}

function labelOf(folder: string): string[] {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return [];
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
  return name === undefined || version === undefined ? [] : [`${name}@${version}`];
}
