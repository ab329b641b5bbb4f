/** One setting that is wrong. The message never holds the setting's value. */
export interface ConfigProblem {
  readonly key: string;
  readonly message: string;
}

/** The configuration cannot be used; all that is wrong with it at once. Names keys, never values. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, message }) => `  ${key}: ${message}`);
    super(['the configuration is not valid:', ...lines].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
