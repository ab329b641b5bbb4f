// The one place of this project that reads the environment.

/** The time that everything inside an image bears: SOURCE_DATE_EPOCH, in seconds, or 1980, the first that every tool accepts. */
export function sourceDateEpoch(env: NodeJS.ProcessEnv = process.env): number {
  const text = env['SOURCE_DATE_EPOCH'] ?? '315532800';
  const seconds = Number(text);
  if (!/^\d{1,11}$/.test(text) || seconds > 4_102_444_800)
    throw new Error('SOURCE_DATE_EPOCH must be seconds since 1970, a whole number before 2100');
  return seconds;
}
