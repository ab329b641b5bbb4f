import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { USER_ID } from './catalogue.js';
import { controlFields } from './debian-status.js';
import { run, tryRun } from './run.js';
import { filesBelow } from './tree.js';

/** What a package brings for people at a terminal, and glibc's conversions between character sets, which Node does itself. */
const UNUSED = [
  'usr/share/man',
  'usr/share/locale',
  'usr/share/lintian',
  'usr/share/doc-base',
  'usr/share/bug',
  'usr/share/info',
  'usr/lib/x86_64-linux-gnu/gconv',
  'usr/lib/aarch64-linux-gnu/gconv',
  'usr/share/zoneinfo/posix',
  'usr/share/zoneinfo/right',
];
/** Merged /usr, as every Debian system has it; made first, so that packages’ files land behind the links. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

export interface RootOptions {
  readonly root: string;
  /** Files of Debian packages. */
  readonly packages: readonly string[];
  /** Users beside root and nonroot, as lines of /etc/passwd without the password field's meaning: name, id, home. */
  readonly users?: readonly { name: string; id: number; home: string }[];
  /** Whether programs of /usr/bin and /usr/sbin stay; an image without them has no shell. */
  readonly programs: boolean;
}

/** Unpacks Debian packages without running anything of theirs, and adds what their scripts would have made. */
export async function makeRoot(options: RootOptions): Promise<void> {
  const { root, packages } = options;
  rmSync(root, { recursive: true, force: true });
  for (const folder of MERGED) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  // Debian’s scripts would have made this link, and they do not run here.
  mkdirSync(join(root, 'run'));
  mkdirSync(join(root, 'var'));
  symlinkSync('../run', join(root, 'var/run'));
  mkdirSync(join(root, 'var/lib/dpkg/status.d'), { recursive: true });
  for (const file of packages) await unpack(file, root);
  if (!options.programs) for (const folder of ['usr/bin', 'usr/sbin']) emptyFolder(join(root, folder));
  for (const path of UNUSED) rmSync(join(root, path), { recursive: true, force: true });
  keepCopyrights(join(root, 'usr/share/doc'));
  bundleAuthorities(root);
  writeUsers(options);
  mkdirSync(join(root, 'tmp'), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
}

async function unpack(file: string, root: string): Promise<void> {
  await run('bash', [
    '-c',
    'set -o pipefail; dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" --keep-directory-symlink --no-same-owner --same-permissions',
    file,
    root,
  ]);
  const control = await run('dpkg-deb', ['--field', file]);
  const name = controlFields(control).get('Package');
  if (name === undefined) throw new Error(`${file} has no name`);
  writeFileSync(join(root, 'var/lib/dpkg/status.d', name), control);
  // Not every package has sums; metapackages do not.
  const { code, stdout: sums } = await tryRun('dpkg-deb', ['--info', file, 'md5sums']);
  if (code === 0) writeFileSync(join(root, `var/lib/dpkg/status.d/${name}.md5sums`), sums);
}

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function keepCopyrights(folder: string): void {
  if (!existsSync(folder)) return;
  for (const path of filesBelow(folder)) if (!path.endsWith('/copyright')) rmSync(join(folder, path));
}

/** One file with every authority that Mozilla trusts, as update-ca-certificates would have written it. */
function bundleAuthorities(root: string): void {
  const source = join(root, 'usr/share/ca-certificates');
  if (!existsSync(source)) return;
  const certificates = filesBelow(source).filter((path) => path.endsWith('.crt'));
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  const text = certificates.map((path) => `${readFileSync(join(source, path), 'utf8').trimEnd()}\n`).join('');
  writeFileSync(join(root, 'etc/ssl/certs/ca-certificates.crt'), text);
  rmSync(source, { recursive: true });
}

function writeUsers({ root, users = [] }: RootOptions): void {
  const all = [
    { name: 'root', id: 0, home: '/root' },
    { name: 'nonroot', id: USER_ID, home: '/home/nonroot' },
    ...users,
  ];
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(
    join(root, 'etc/passwd'),
    all.map(({ name, id, home }) => `${name}:x:${id}:${id}:${name}:${home}:/sbin/nologin\n`).join(''),
  );
  writeFileSync(join(root, 'etc/group'), all.map(({ name, id }) => `${name}:x:${id}:\n`).join(''));
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  for (const { home } of all) mkdirSync(join(root, home), { recursive: true });
}

/** Packs entries of a folder with one time and one owner. The same files give the same bytes. */
export async function packEntries(
  folder: string,
  file: string,
  {
    epochSeconds,
    owner = 0,
    words = ['--create'],
  }: { epochSeconds: number; owner?: number; words?: readonly string[] },
  entries: readonly string[],
): Promise<void> {
  const likeness = ['--sort=name', '--format=gnu', '--numeric-owner', `--mtime=@${epochSeconds}`];
  const owners = [`--owner=${owner}`, `--group=${owner}`];
  await run('tar', [...words, `--file=${file}`, ...likeness, ...owners, `--directory=${folder}`, ...entries]);
}

/** Packs a root file system as a layer: all belongs to root but the folders named. */
export async function packRoot(
  root: string,
  file: string,
  epochSeconds: number,
  owned: { readonly paths: readonly string[]; readonly id: number } = { paths: [], id: 0 },
): Promise<void> {
  await packEntries(root, file, { epochSeconds }, ['.']);
  if (owned.paths.length === 0) return;
  // A later entry of the same name wins when the archive is unpacked.
  const words = ['--append', '--no-recursion'];
  const entries = owned.paths.map((path) => `.${path}`);
  await packEntries(root, file, { epochSeconds, owner: owned.id, words }, entries);
}
