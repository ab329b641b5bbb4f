/** Uplines that moves have written aside, in an open database transaction. */
export interface AsideUplines {
  /** The first statement: nobody moves until the end. */
  shareTree(): Promise<void>;
  /** Puts uplines into the rows of members whom nobody else is busy with. Returns how many. */
  fold(limit: number): Promise<number>;
}

/**
 * Brings what moves have written aside into the members' rows, so that little stands aside. Nobody reads another upline
 * for it; a purchase of somebody among them waits for the end of the database transaction. Returns true when there may
 * be more to do at once.
 */
export async function foldMoves(aside: AsideUplines, limit: number): Promise<boolean> {
  await aside.shareTree();
  return (await aside.fold(limit)) === limit;
}
