/** A JSON object as it was read; its numbers may be raw texts that only `JSON.stringify` understands. */
export type ExactObject = Readonly<Record<string, unknown>>;

type ExactReviver = (key: string, value: unknown, context: { readonly source: string }) => unknown;

/** What Node has and TypeScript's library does not declare yet. */
interface ExactJson {
  parse(text: string, reviver: ExactReviver): unknown;
  rawJSON(text: string): unknown;
}

const exact = JSON as unknown as ExactJson;

/**
 * Reads JSON so that `JSON.stringify` writes the same values again: a number that a double cannot hold, or would spell
 * in another way (`9007199254740993`, `1.0`, `1e2`), keeps its digits. Throws SyntaxError for broken JSON and for
 * anything but an object.
 */
export function parseExactly(text: string): ExactObject {
  const value = exact.parse(text, (_key, member, { source }) =>
    typeof member === 'number' && String(member) !== source ? exact.rawJSON(source) : member,
  );
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('not a JSON object');
  return { ...value };
}
