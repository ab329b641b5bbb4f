import { hash } from 'node:crypto';

/**
 * SHA-256 over a canonical text of the parsed input, to tell whether two requests ask for the same thing. Parsed means
 * after validation, so `79` and `79.00` are equal (both are the same micros) and so are `…Z` and `…+00:00`. The order of
 * members does not count; members that are undefined are as absent. Throws a TypeError on values that no validated
 * input holds (functions, symbols, maps, non-finite numbers).
 */
export function requestHash(parsedInput: unknown): Uint8Array {
  return hash('sha256', canonicalText(parsedInput), 'buffer');
}

// Bigints and dates get spellings that no JSON value has (`7n`, `@2025-…`, `-` for no input at all), so they never equal a string or a number.
function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
      return String(value);
    case 'undefined':
      return '-';
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('A number of a request is finite');
      return String(value === 0 ? 0 : value);
    case 'object':
      return value === null ? 'null' : canonicalObject(value);
    case 'function':
    case 'symbol':
      throw new TypeError(`A request holds no ${typeof value}`);
  }
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (value instanceof Date) return `@${value.toISOString()}`;
  if (value instanceof Uint8Array) return `#${Buffer.from(value).toString('hex')}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('A request holds plain objects only');
  const members: string[] = [];
  for (const [name, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalText(member)}`);
  }
  return `{${members.join(',')}}`;
}
