/** A failed start, told the way a person needs it: what failed, why, and what to do. */
export class StartError extends Error {
  readonly why: string;
  readonly todo: string;

  constructor(what: string, options: { why: string; todo: string; cause?: unknown }) {
    super(what, { cause: options.cause });
    this.name = 'StartError';
    this.why = options.why;
    this.todo = options.todo;
  }
}

/** Prints any error as what, why, what to do. */
export function explain(error: unknown): string {
  if (error instanceof StartError)
    return `\n✖ ${error.message}\n  why:        ${error.why}\n  what to do: ${error.todo}\n`;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `\n✖ Something failed that should not have.\n  why:        ${text}\n  what to do: look into the log folder; if it stays unclear, file a bug with the lines above\n`;
}
