/** What package-lock.json says about one place of the tree. */
export interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>;
}

/** package-lock.json, version 3: every place of the tree by its path from the root, such as `node_modules/pg`. */
export interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** What one workspace needs at run time. All paths are from the repository's root and sorted. */
export interface Closure {
  /** The workspace itself and the libraries of the repository it stands on. */
  readonly workspaces: readonly string[];
  /** Packages from the registry. */
  readonly packages: readonly string[];
  /** Links inside node_modules to workspaces, with the folder each leads to. */
  readonly links: ReadonlyMap<string, string>;
  /** Which place needs which. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

/** Something about the tree makes an image impossible; the message says what to do. */
export class AssembleError extends Error {
  override readonly name = 'AssembleError';
}

/**
 * The production dependencies of one workspace, found the way Node finds modules: in `node_modules` beside the package, then
 * upwards. Optional packages that are not installed here (other platforms') are left out, and so are optional peers: those of
 * @prisma/client are the Prisma CLI and TypeScript, 300 MB that nothing needs at run time.
 */
export function dependencyClosure(lock: Lockfile, workspace: string, isInstalled: (place: string) => boolean): Closure {
  if (lock.packages[workspace] === undefined)
    throw new AssembleError(`package-lock.json knows no workspace ${workspace}: run npm install, then try again`);
  const links = new Map<string, string>();
  const needs = new Map<string, string[]>();
  const waiting = [workspace];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (needs.has(place)) continue;
    const found = neighbours(lock, place, isInstalled).map((at) => {
      const target = lock.packages[at]?.link === true ? lock.packages[at].resolved : undefined;
      if (target !== undefined) links.set(at, target);
      return target ?? at;
    });
    needs.set(place, found.toSorted());
    waiting.push(...found);
  }
  const places = [...needs.keys()].toSorted();
  return {
    workspaces: places.filter((place) => !isPackage(place)),
    packages: places.filter(isPackage),
    links: new Map([...links].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    needs,
  };
}

function isPackage(place: string): boolean {
  return place.startsWith('node_modules/') || place.includes('/node_modules/');
}

/** The name of the package at a place: `node_modules/a/node_modules/@b/c` is `@b/c`, whatever alias the registry knows it by. */
export function nameAt(lock: Lockfile, place: string): string {
  return lock.packages[place]?.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function neighbours(lock: Lockfile, place: string, isInstalled: (place: string) => boolean): string[] {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = lock.packages[place] ?? {};
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => peerDependenciesMeta?.[name]?.optional !== true);
  const optional = new Set(Object.keys(optionalDependencies ?? {}));
  const required = [...Object.keys(dependencies ?? {}), ...peers].filter((name) => !optional.has(name));
  return [
    ...required.map((name) => {
      const at = resolvePlace(lock, place, name);
      if (at === undefined)
        throw new AssembleError(`${place} needs ${name}, which package-lock.json does not have: run npm install`);
      if (!isInstalled(at)) throw new AssembleError(`${at} is not installed: run npm install, then try again`);
      return at;
    }),
    ...[...optional].flatMap((name) => {
      const at = resolvePlace(lock, place, name);
      return at !== undefined && isInstalled(at) ? [at] : [];
    }),
  ];
}

function resolvePlace(lock: Lockfile, from: string, name: string): string | undefined {
  const steps = from.split('/');
  for (let length = steps.length; length >= 0; length -= 1) {
    if (steps[length - 1] === 'node_modules') continue;
    const candidate = [...steps.slice(0, length), 'node_modules', name].join('/');
    if (lock.packages[candidate] !== undefined) return candidate;
  }
  return undefined;
}
