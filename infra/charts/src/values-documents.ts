import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';

/**
 * Paths of values that no `# --` comment describes, neither right above them nor above a value that they are part of. What is
 * marked `# @ignored` is described elsewhere.
 */
export function undocumentedValues(text: string): string[] {
  const { contents } = parseDocument(text);
  return isMap(contents) ? undocumentedIn(contents, '', text) : [];
}

function undocumentedIn(map: YAMLMap, path: string, text: string): string[] {
  return map.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const own = `${path}${String(key.value)}`;
    if (/^# (-- |@ignored)/m.test(commentAbove(text, key.range?.[0] ?? 0))) return [];
    if (isMap(value) && value.items.length > 0) return undocumentedIn(value, `${own}.`, text);
    return [own];
  });
}

/** The lines of comment right above the line of a place. */
function commentAbove(text: string, place: number): string {
  const lines = text.slice(0, place).split('\n').slice(0, -1);
  const comment: string[] = [];
  while (lines.at(-1)?.trim().startsWith('#')) comment.push(lines.pop()?.trim() ?? '');
  return comment.join('\n');
}

/** Places of a JSON schema where an object takes fields that nobody described. */
export function openObjects(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, additionalProperties } = schema as { properties?: object; additionalProperties?: unknown };
  const open = properties !== undefined && typeof properties === 'object' && additionalProperties === undefined;
  const inner = Object.entries(schema).flatMap(([key, value]) => openObjects(value, `${path}/${key}`));
  return open && !/\/(if|then|else|not|allOf\/\d+|anyOf\/\d+|oneOf\/\d+)$/.test(path) ? [path || '/', ...inner] : inner;
}
