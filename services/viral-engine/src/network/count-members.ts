import type { Member } from '../members/member.js';
import { type NetworkChange, spread } from './spread.js';
import { joinPoints } from './viral-score.js';

/** Counts in an open database transaction. */
export interface MemberCounts {
  /** The first statement: nobody moves until the end. */
  shareTree(): Promise<void>;
  /** Marks members as counted whom nobody has counted yet and nobody else is busy with, and gives them. */
  takeUncounted(limit: number): Promise<Pick<Member, 'tenantId' | 'userId' | 'upline' | 'joinedAt'>[]>;
  add(change: NetworkChange): Promise<void>;
}

/**
 * Counts members for those above who have joined since. Until then whoever reads looks at them one by one, so that a
 * newcomer is seen at once; this keeps them few. Returns true when there may be more to do at once.
 */
export async function countMembers(counts: MemberCounts, limit: number): Promise<boolean> {
  await counts.shareTree();
  const joined = await counts.takeUncounted(limit);
  if (joined.length === 0) return false;
  await counts.add(
    spread(joined.map((member) => ({ ...member, joined: { people: 1n, points: joinPoints(member.joinedAt) } }))),
  );
  return joined.length === limit;
}
