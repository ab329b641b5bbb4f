/**
 * The upline of the member `m`: what a move has written aside for it, or the member's own column. Everybody who reads
 * uplines reads them so, because a move is true from its commit on, and members' rows follow later. Putting a row in its
 * place changes nothing that is read here: a statement that waits for it, and then sees the member's new row beside the
 * row aside of before, reads the same upline from either.
 */
export const UPLINE = `coalesce((SELECT aside.upline FROM moved_upline aside
  WHERE aside.tenant_id = m.tenant_id AND aside.user_id = m.user_id), m.upline)`;
