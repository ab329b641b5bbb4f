import type { TenantId, UserId } from '../ids.js';
import type { Hit } from './screen-people.js';

export const HIT_STATUSES = ['open', 'cleared', 'confirmed'] as const;
export type HitStatus = (typeof HIT_STATUSES)[number];
export type HitDecision = Exclude<HitStatus, 'open'>;

/** A hit with what somebody who decides has to know. */
export interface HitCase extends Hit {
  readonly personId: UserId;
  readonly foundAt: Date;
  /** Whether it is what the person matches now: not so after the entry, the lists or the person's names changed. */
  readonly isCurrent: boolean;
  readonly decided: { readonly reason: string; readonly by: string; readonly at: Date } | undefined;
}

export interface HitOrder {
  readonly tenantId: TenantId;
  readonly hitId: string;
  readonly decision: HitDecision;
  readonly reason: string;
  readonly decidedBy: { readonly userId: UserId; readonly callerId: string };
}
