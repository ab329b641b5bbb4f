/** Types, maps and prose of packages: Node reads none of them. Maps of our own code stay, they make stack traces readable. */
const UNREAD = /\.(?:[cm]?ts|tsx|map|md|markdown|flow|tsbuildinfo)$/i;
const LICENCE = /^(?:licen[cs]e|copying|notice|copyright|unlicen[cs]e|third[-_]?party)/i;
/** Folders at the top of a package that only its authors need. */
const AUTHORS = new Set([
  '.github',
  '.vscode',
  '__tests__',
  'benchmark',
  'benchmarks',
  'docs',
  'example',
  'examples',
  'test',
  'tests',
]);
/** Parts of single packages that this fleet never loads: Prisma carries a query compiler for each database and for the edge. */
const UNUSED: Readonly<Record<string, RegExp>> = {
  '@prisma/client':
    /^(?:generator-build|scripts)\/|^runtime\/(?:wasm-compiler-edge|query_compiler_(?:small_bg|fast_bg\.(?!postgresql\b)|.*\.js$))/,
};
/** Of a workspace: what is built from, tested by or told to contributors. */
const SOURCES = new Set(['src', 'test', '.reports', '.cache', 'node_modules', 'README.md', 'tsconfig.json']);
const SOURCE_FILES = /\.(?:spec\.js|spec\.js\.map|prisma|log)$/;

/** Whether a file's name says that it holds a licence or a notice that goes with copies. */
export function isLicence(file: string): boolean {
  return LICENCE.test(file) && !/\.(?:[cm]?js|json)$/i.test(file);
}

/** Whether a package is types alone, so that nothing of it goes into an image. */
export function isTypesOnly(name: string): boolean {
  return name.startsWith('@types/');
}

/** Whether a file of a package from the registry goes into an image; `path` is from the package's folder. */
export function keepsPackageFile(name: string, path: string): boolean {
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (isLicence(file)) return true;
  const top = path.slice(0, Math.max(0, path.indexOf('/')));
  return !UNREAD.test(file) && !AUTHORS.has(top) && UNUSED[name]?.test(path) !== true;
}

/** Whether a file of one of our own workspaces goes into an image; `path` is from the workspace's folder. */
export function keepsWorkspaceFile(path: string): boolean {
  const top = path.split('/', 1)[0] ?? path;
  return !SOURCES.has(top) && !SOURCE_FILES.test(path);
}
