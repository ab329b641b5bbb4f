import { DomainError, type FieldError } from '@dailydoco/errors';

/**
 * Reads the details of a bank account that a person gave: an object of texts. Everything that is wrong is told at once,
 * with the path of its field.
 */
export class DetailsReader {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();
  readonly #errors: FieldError[] = [];

  constructor(details: unknown) {
    const isObject = typeof details === 'object' && details !== null && !Array.isArray(details);
    if (!isObject) this.wrong('', 'must be an object');
    this.#given = isObject ? { ...details } : {};
  }

  /** A text without spaces around it, 1 to `maxCharacters` long; undefined, and noted as wrong, if it is not there. */
  text(path: string, maxCharacters: number): string | undefined {
    const value = this.optionalText(path, maxCharacters);
    if (value === undefined && !this.#errors.some((error) => error.path === path)) this.wrong(path, 'is required');
    return value;
  }

  optionalText(path: string, maxCharacters: number): string | undefined {
    this.#known.add(path);
    const value = this.#given[path];
    if (value === undefined) return undefined;
    const trimmed = typeof value === 'string' ? value.trim() : '';
    if (trimmed === '' || trimmed.length > maxCharacters) {
      this.wrong(path, `must be a text of 1 to ${maxCharacters} characters`);
      return undefined;
    }
    return trimmed;
  }

  wrong(path: string, message: string): void {
    this.#errors.push({ path, message });
  }

  /** Throws VALIDATION_FAILED unless everything was right and nothing was there that nobody asked for. */
  finish(): void {
    for (const path of Object.keys(this.#given)) if (!this.#known.has(path)) this.wrong(path, 'is not known');
    if (this.#errors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors: this.#errors });
  }
}
