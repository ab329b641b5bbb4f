import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Document, isMap, isScalar, visit } from 'yaml';
import { type KubernetesObject, parseObjects } from './kubernetes.js';
import { umbrellaFolder } from './places.js';

/** What a value that is drawn anew in each rendering is shown as. */
export const GENERATED = '<generated>';
const GENERATED_ANNOTATION = 'dailydoco.dev/generated';

/** Whether the chart says of a Secret that it made its values up. */
export function isGenerated({ kind, metadata }: KubernetesObject): boolean {
  return kind === 'Secret' && metadata.annotations?.[GENERATED_ANNOTATION] === 'true';
}

/** The object without what differs from rendering to rendering. */
export function withoutGenerated(object: KubernetesObject): KubernetesObject {
  if (!isGenerated(object)) return object;
  const data = Object.fromEntries(Object.keys(object.data ?? {}).map((key) => [key, GENERATED]));
  return { ...object, data };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Files of the chart by their text, so that a copy of one is shown as its name. */
function chartFiles(): ReadonlyMap<string, string> {
  const root = join(umbrellaFolder, 'files');
  return new Map(filesBelow(root).map((path) => [readFileSync(path, 'utf8').trim(), relative(umbrellaFolder, path)]));
}

function namingCopies(object: KubernetesObject, files: ReadonlyMap<string, string>): KubernetesObject {
  if (object.kind !== 'ConfigMap' || object.data === undefined) return object;
  const data = Object.entries(object.data).map(([key, value]) => {
    const file = files.get(value.trim());
    return [key, file === undefined ? value : `<copy of ${file}>`];
  });
  return { ...object, data: Object.fromEntries(data) as Record<string, string> };
}

/** The golden file that an object belongs to: its service's, or that of its folder of the umbrella's templates. */
export function goldenFile({ source }: KubernetesObject): string {
  const match = /^[^/]+\/(?:charts\/(?<service>[^/]+)\/templates|templates\/(?<folder>[^/]+))\//.exec(source);
  const name = match?.groups?.['service'] ?? match?.groups?.['folder'];
  if (name === undefined) throw new Error(`there is no golden file for objects of ${source}`);
  return `${name}.yaml`;
}

const LONGEST_FLOW = 100;

/** An object as YAML; small maps and lists take one line, as people write them. */
function showObject(object: object): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_, node) {
      const values: readonly unknown[] = isMap(node) ? node.items.map(({ value }) => value) : node.items;
      const text = JSON.stringify(node.toJS(document));
      if (values.every(isScalar) && text.length <= LONGEST_FLOW && !text.includes('\\n')) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** The golden files of what Helm wrote, by name: one for each service and for each folder of templates, as plain YAML. */
export function goldensOf(text: string): ReadonlyMap<string, string> {
  const files = chartFiles();
  const goldens = new Map<string, string[]>();
  for (const object of parseObjects(text)) {
    const { source: _, ...shown } = namingCopies(withoutGenerated(object), files);
    const file = goldenFile(object);
    const documents = goldens.get(file) ?? [];
    documents.push(showObject(shown));
    goldens.set(file, documents);
  }
  return new Map([...goldens].map(([file, documents]) => [file, documents.join('---\n')]));
}
