/** An error's own words, without the place in the program that a person can do nothing with. */
export function explainFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
