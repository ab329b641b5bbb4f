/**
 * JSON of an answer. Amounts are strings already; a bigint that slips through becomes a string instead of an error, and
 * only then the slower way is taken.
 */
export function toJson(payload: unknown): string {
  try {
    return JSON.stringify(payload);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(payload, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  }
}
