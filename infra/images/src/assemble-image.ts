import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ImageSpec } from './catalogue.js';
import { AssembleError, type Closure, dependencyClosure, type Lockfile, nameAt } from './closure.js';
import { debianComponents } from './debian-status.js';
import { isLicence, isTypesOnly, keepsPackageFile, keepsWorkspaceFile } from './keep.js';
import { type Component, cycloneDx, purlOf } from './sbom.js';
import { copyPlain, filesBelow, settle } from './tree.js';

export interface AssembleOptions {
  /** Root of the checkout: built, with its node_modules. */
  readonly repository: string;
  /** Receives `app/`; what was there before is removed. */
  readonly out: string;
  /** Root file system below the app: its Debian packages go into the bill of materials. */
  readonly runtimeRoot: string;
  /** The Node binary that will run it. */
  readonly nodeBinary: string;
  readonly nodeVersion: string;
  readonly epochSeconds: number;
}

export interface Assembled {
  readonly files: number;
  readonly bytes: number;
  readonly packages: number;
}

interface Manifest {
  readonly version?: string;
  readonly license?: string;
}

/** Writes everything that one image adds to its runtime: the pruned workspace, its bill of materials and the licences. */
export function assembleImage(image: ImageSpec, options: AssembleOptions): Assembled {
  const { repository, out } = options;
  const lock = readJson<Lockfile>(join(repository, 'package-lock.json'));
  const closure = dependencyClosure(lock, image.folder, (place) => existsSync(join(repository, place, 'package.json')));
  const app = join(out, 'app');
  rmSync(app, { recursive: true, force: true });
  const copied = [
    ...closure.workspaces.flatMap((place) => copyWorkspace(place, repository, app)),
    ...closure.packages.flatMap((place) => copyPackage(lock, place, { repository, app })),
  ];
  for (const [link, target] of closure.links) {
    mkdirSync(dirname(join(app, link)), { recursive: true });
    symlinkSync(relative(dirname(link), target), join(app, link));
  }
  copyPlain(join(repository, 'infra/images/healthcheck.mjs'), join(app, 'healthcheck.mjs'));
  const components = componentsOf(lock, closure, options);
  const version = readJson<Manifest>(join(repository, 'package.json')).version ?? '0.0.0';
  const needs = [
    ...closure.packages.filter((place) => !isTypesOnly(nameAt(lock, place))).map((place) => npmPurl(lock, place)),
    ...components.filter(({ kind }) => kind !== 'npm').map(purlOf),
  ];
  const bill = cycloneDx({ image: image.name, version, epochSeconds: options.epochSeconds, components, needs });
  writeFileSync(join(app, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 1)}\n`);
  writeLicences(lock, closure, components, options);
  settle(app, options.epochSeconds);
  return { files: copied.length, bytes: copied.reduce((sum, size) => sum + size, 0), packages: components.length };
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

function copyWorkspace(place: string, repository: string, app: string): number[] {
  const folder = join(repository, place);
  if (!existsSync(join(folder, 'dist')))
    throw new AssembleError(`${place} is not built: run npm run build, then try again`);
  return copyKept(folder, join(app, place), keepsWorkspaceFile);
}

function copyPackage(
  lock: Lockfile,
  place: string,
  { repository, app }: { repository: string; app: string },
): number[] {
  const name = nameAt(lock, place);
  const folder = join(repository, place);
  const { version } = readJson<Manifest>(join(folder, 'package.json'));
  if (version !== lock.packages[place]?.version)
    throw new AssembleError(
      `${place} is installed as ${version ?? 'nothing'}, but package-lock.json says ${lock.packages[place]?.version ?? 'nothing'}: run npm install, then try again`,
    );
  return isTypesOnly(name) ? [] : copyKept(folder, join(app, place), (path) => keepsPackageFile(name, path));
}

function copyKept(folder: string, target: string, keeps: (path: string) => boolean): number[] {
  return filesBelow(folder)
    .filter(keeps)
    .map((path) => {
      copyPlain(join(folder, path), join(target, path));
      return readFileSync(join(target, path)).length;
    });
}

function npmPurl(lock: Lockfile, place: string): string {
  return purlOf({ kind: 'npm', name: nameAt(lock, place), version: lock.packages[place]?.version ?? '0.0.0' });
}

function componentsOf(lock: Lockfile, closure: Closure, options: AssembleOptions): Component[] {
  const places = [...closure.packages, ...closure.workspaces].filter((place) => !isTypesOnly(nameAt(lock, place)));
  const npm = places.map((place): Component => {
    const { version = '0.0.0', integrity, license } = lock.packages[place] ?? {};
    const licence = license ?? readJson<Manifest>(join(options.repository, place, 'package.json')).license;
    const needs = (closure.needs.get(place) ?? [])
      .filter((at) => !isTypesOnly(nameAt(lock, at)))
      .map((at) => npmPurl(lock, at));
    return {
      kind: 'npm',
      name: nameAt(lock, place),
      version,
      needs,
      ...(licence === undefined ? {} : { licence }),
      ...(integrity === undefined ? {} : { integrity }),
    };
  });
  const digest = createHash('sha256').update(readFileSync(options.nodeBinary)).digest('hex');
  const node: Component = {
    kind: 'node',
    name: 'node',
    version: options.nodeVersion,
    licence: 'MIT',
    integrity: `sha256-${digest}`,
  };
  return [...npm, node, ...debianComponents(options.runtimeRoot)];
}

/** One folder a package with what its author asks to be passed on, and an index that names those who ship no such file. */
function writeLicences(
  lock: Lockfile,
  closure: Closure,
  components: readonly Component[],
  { repository, out, runtimeRoot }: AssembleOptions,
): void {
  const target = join(out, 'app/licences');
  const withText = new Set<string>();
  for (const place of closure.packages.filter((at) => !isTypesOnly(nameAt(lock, at)))) {
    const label = `${nameAt(lock, place)}@${lock.packages[place]?.version ?? ''}`;
    for (const path of filesBelow(join(repository, place)).filter((file) => isLicence(file.split('/').at(-1) ?? ''))) {
      copyPlain(join(repository, place, path), join(target, 'npm', label, path));
      withText.add(label);
    }
  }
  for (const { name } of components.filter(({ kind }) => kind === 'deb')) {
    const text = join(runtimeRoot, 'usr/share/doc', name, 'copyright');
    if (!existsSync(text)) continue;
    copyPlain(text, join(target, 'debian', name, 'copyright'));
    withText.add(`${name}`);
  }
  copyPlain(join(repository, 'LICENSE'), join(target, 'dailydoco/LICENSE'));
  copyPlain(join(repository, 'infra/images/licences/node.txt'), join(target, 'node/LICENSE'));
  const lines = components
    .map(({ kind, name, version, licence }) => {
      const label = kind === 'npm' ? `${name}@${version}` : name;
      const ours = kind === 'node' || name.startsWith('@dailydoco/') || withText.has(label);
      return `${kind}\t${name}\t${version}\t${licence ?? 'not declared'}\t${ours ? 'text included' : 'its author ships no text'}`;
    })
    .toSorted();
  writeFileSync(join(target, 'index.tsv'), `kind\tname\tversion\tlicence\ttext\n${[...new Set(lines)].join('\n')}\n`);
}
