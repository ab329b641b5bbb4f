/** What a verification can find, by the name that stands in its report. Stable: scripts go by it. */
export const FINDINGS = {
  ENCODING_NOT_CANONICAL: 'The file is not canonical JSON (RFC 8785): it was damaged, or edited.',
  FORM_INVALID: 'The file is no statement of this version.',
  KEY_INVALID: 'A key is malformed, or its key id does not belong to it.',
  KEY_UNKNOWN: 'The statement is signed by a key that is not among those given.',
  SIGNATURE_WRONG: 'The signature of the statement is wrong: its content was changed after it was signed.',
  PARTS_DIFFER: 'The files are not parts of one statement: person, log, checkpoint or totals differ.',
  PART_MISSING: 'Leaves of the statement are in other files: verify all of them together.',
  CHECKPOINT_MALFORMED: 'The checkpoint is malformed, or of another log.',
  CHECKPOINT_KEY_UNKNOWN: 'The checkpoint is signed by none of the known keys.',
  CHECKPOINT_SIGNATURE_WRONG: 'The signature of the checkpoint is wrong.',
  BENEFICIARY_WRONG: 'A leaf belongs to another person.',
  ORDINAL_GAP: 'A leaf is missing: the numbers of the person’s leaves have a gap.',
  ORDER_WRONG: 'The leaves are not in the order of the log.',
  INCLUSION_WRONG: 'A leaf is not in the log: its proof does not lead to the checkpoint’s root.',
  ENTRY_TWICE: 'A commission or one of its changes stands in the log twice.',
  ENTRY_MISSING: 'A change has no commission that it changes.',
  CAP_WRONG: 'The most that may be paid out of the purchase is not the share that its plan gives.',
  AMOUNT_WRONG: 'An amount is not what its numbers give.',
  AVAILABLE_AT_WRONG: 'The end of a hold period is not what its numbers give.',
  PURCHASE_DIFFERS: 'Entries of one purchase disagree about the purchase.',
  PLAN_DIFFERS: 'Entries of one plan version disagree about its terms.',
  NET_WRONG: 'A net is not the sum of what changed it.',
  REFUND_WRONG: 'A net is not gross × (amount − refunded) ÷ amount.',
  STATUS_IMPOSSIBLE: 'A commission went from one status to another in a way that the rules do not know.',
  TOTALS_DIFFER: 'The totals are not the sums of the entries.',
  EARLIER_MALFORMED: 'The earlier checkpoint or statement is malformed, or of another log or person.',
  EARLIER_SIGNATURE_WRONG: 'The earlier checkpoint or statement is not signed by a known key.',
  EARLIER_PROOF_MISSING:
    'The statement does not prove that it goes on from the earlier checkpoint: ask for one that does.',
  EARLIER_LEAF_CHANGED: 'A leaf of the earlier statement is missing or is another one now.',
  HISTORY_REWRITTEN: 'The history was rewritten: the tree does not go on from the earlier checkpoint.',
  ANCHOR_MISSING: 'The chain has no anchor of this log for this or an earlier checkpoint.',
  ANCHOR_DIFFERS: 'The chain’s anchor says another root than the log.',
} as const satisfies Readonly<Record<string, string>>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  /** A sentence for people: what the code means, and where it was found. */
  readonly message: string;
  /** The leaf concerned, if it is one. */
  readonly ordinal?: number;
}

/** A finding in words: `where` tells what exactly is wrong. */
export function finding(code: FindingCode, where = '', ordinal?: number): Finding {
  const at = ordinal === undefined ? where : `leaf ${ordinal}${where && `: ${where}`}`;
  return {
    code,
    message: at ? `${FINDINGS[code]} (${at})` : FINDINGS[code],
    ...(ordinal !== undefined && { ordinal }),
  };
}
