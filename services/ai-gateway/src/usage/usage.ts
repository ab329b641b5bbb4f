/** The tokens that a completion took. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** `usage` of an answer or of a stream's chunk; undefined when it is absent or says nothing that can be counted. */
export function readUsage(sent: unknown): TokenUsage | undefined {
  if (typeof sent !== 'object' || sent === null || !('prompt_tokens' in sent)) return undefined;
  const { prompt_tokens: promptTokens } = sent;
  // Some providers leave out what is zero.
  const completionTokens = 'completion_tokens' in sent ? sent.completion_tokens : 0;
  return isCount(promptTokens) && isCount(completionTokens) ? { promptTokens, completionTokens } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
