/**
 * An answer as JSON, made once: stored under the request's Idempotency-Key and sent as the very same text. A handler may
 * return it in place of the value.
 */
export class JsonText {
  /** One line: JSON without indentation holds no line break. */
  readonly text: string;

  constructor(value: unknown) {
    this.text = JSON.stringify(value);
  }
}

/**
 * JSON of an answer. Amounts are strings already; a bigint that slips through becomes a string instead of an error, and
 * only then the slower way is taken.
 */
export function toJson(payload: unknown): string {
  if (payload instanceof JsonText) return payload.text;
  try {
    return JSON.stringify(payload);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(payload, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  }
}
