import type { CallerId, CompletionId, TenantId } from '../ids.js';
import type { TokenUsage } from '../usage/usage.js';

/**
 * How a completion ended. complete: answered whole. broken: an answer began and did not come to its end. aborted: the
 * caller left before the end. failed: no answer began.
 */
export type CompletionStatus = 'complete' | 'broken' | 'aborted' | 'failed';

export interface Asker {
  readonly tenantId: TenantId;
  readonly kind: 'person' | 'api_key';
  readonly id: CallerId;
}

/** What is kept of a completion: who asked whom, when, and the tokens it took. Nothing of what was said. */
export interface Completion {
  readonly id: CompletionId;
  readonly asker: Asker;
  readonly provider: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly status: CompletionStatus;
  readonly tokens: TokenUsage;
  /** The provider did not say how many; they were counted by the house's own rule. */
  readonly tokensEstimated: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

/** Where completions are kept for good. */
export interface CompletionBook {
  /** Keeps it together with its bill, if it is billed: both or neither. Resolves when it is durable. */
  record(completion: Completion): Promise<void>;
}

/**
 * Whether a completion is billed. A complete one always is. One that broke or was left is billed by the tokens that its
 * provider reported, since they were spent; an estimate of half an answer is kept for the record and billed to nobody.
 */
export function isBilled({ status, tokensEstimated }: Pick<Completion, 'status' | 'tokensEstimated'>): boolean {
  if (status === 'complete') return true;
  return status !== 'failed' && !tokensEstimated;
}
