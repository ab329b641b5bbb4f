import { chmodSync, copyFileSync, lstatSync, lutimesSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Every file below a folder by its path from there, sorted. Links are not followed, and `node_modules` of the folder is left out. */
export function filesBelow(folder: string): string[] {
  const walk = (path: string): string[] =>
    readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) return below === 'node_modules' ? [] : walk(below);
      return entry.isFile() ? [below] : [];
    });
  return walk('').toSorted();
}

/** Copies one file, readable by all and writable by its owner alone. */
export function copyPlain(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, (lstatSync(from).mode & 0o100) === 0 ? 0o644 : 0o755);
}

/** Gives everything below a folder, and the folder, one modification time and folders one mode, so that builds are alike. */
export function settle(folder: string, epochSeconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path, epochSeconds);
    else if (entry.isSymbolicLink()) lutimesSync(path, epochSeconds, epochSeconds);
    else utimesSync(path, epochSeconds, epochSeconds);
  }
  chmodSync(folder, lstatSync(folder).mode & 0o1000 ? 0o1777 : 0o755);
  utimesSync(folder, epochSeconds, epochSeconds);
}
