import { DomainError } from '@dailydoco/errors';
import { LogTree, makeStatement, type Signer, type Totals } from '@dailydoco/transparency';
import type { Viewer } from '../commissions/find-commissions.js';
import type { CommissionId, TenantId, UserId } from '../ids.js';
import type { Log, StoredCheckpoint } from './log.js';
import { type LeafReads, type OpenedLeaf, openLeaves, type OwnLeaf } from './open-leaves.js';
import { type LogReads, tilesOf } from './read-log.js';

/** What a person may read of the own leaves. */
export interface OwnLeafReads {
  beneficiaryOf(tenantId: TenantId, commissionId: CommissionId): Promise<UserId | undefined>;
  /** In the order of the log, those of the first `size` leaves. */
  leavesOfCommission(tenantId: TenantId, query: { commissionId: CommissionId; size: number }): Promise<OwnLeaf[]>;
  /** By ordinal, both ends included. */
  leavesOfPerson(tenantId: TenantId, query: { beneficiaryId: UserId; from: number; to: number }): Promise<OwnLeaf[]>;
  /** The last ordinal in the tree of a size; 0: none. */
  lastOrdinal(tenantId: TenantId, query: { beneficiaryId: UserId; size: number }): Promise<number>;
  /** Of the leaves up to an ordinal. */
  totals(tenantId: TenantId, query: { beneficiaryId: UserId; last: number }): Promise<Totals[]>;
}

export interface ProveDependencies {
  readonly leaves: LeafReads;
  readonly logs: OwnLeafReads & Pick<LogReads, 'findOf' | 'checkpoint' | 'tile'>;
  readonly signer: (tenantId: TenantId) => Promise<Signer>;
  readonly clock: { now(): Date };
  readonly breathe: () => Promise<void>;
  /** Most leaves in one file. */
  readonly leavesPerFile: number;
}

export interface CommissionProof {
  readonly log: Log;
  readonly checkpoint: StoredCheckpoint;
  readonly leaves: readonly (OpenedLeaf & { readonly proof: readonly Uint8Array[] })[];
}

export interface StatementQuery {
  /** Undefined: the viewer's own. */
  readonly beneficiaryId: UserId | undefined;
  /** The first ordinal of the file. */
  readonly from: number;
  /** Of the signed tree that it leads to; undefined: the latest. */
  readonly size: number | undefined;
  /** Of a signed tree that the partner knows already. */
  readonly earlier: number | undefined;
}

/**
 * How many leaves a file holds: proofs and signature are made without a pause, and must not keep other callers waiting.
 * The file tells how many there are in all, and the rest is in further files.
 */
export const STATEMENT_LEAVES = 1_000;
/** Statements that are made or wait for their turn in this process, at most. */
const MOST_IN_LINE = 16;

/** Proofs for the eyes of one person, and files that prove themselves. */
export class Prove {
  readonly #dependencies: ProveDependencies;
  /** The statement made last, and how many are made or wait for their turn. */
  #last: Promise<unknown> = Promise.resolve();
  #inLine = 0;

  constructor(dependencies: ProveDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The leaves of a commission, opened, each with its inclusion proof. Throws NOT_FOUND, also while it is not logged yet,
   * and FORBIDDEN for somebody else's.
   */
  async commission(viewer: Viewer, commissionId: CommissionId): Promise<CommissionProof> {
    const { logs, leaves: facts, breathe } = this.#dependencies;
    const { tenantId } = viewer;
    const beneficiaryId = await logs.beneficiaryOf(tenantId, commissionId);
    if (beneficiaryId === undefined) throw new DomainError('NOT_FOUND');
    refuseOthers(viewer, beneficiaryId);
    const { log, checkpoint } = await this.#tree(tenantId, undefined);
    const own = await logs.leavesOfCommission(tenantId, { commissionId, size: checkpoint.size });
    if (own.length === 0) throw notYet();
    const tree = new LogTree(checkpoint.size, tilesOf(logs, tenantId));
    const leaves: CommissionProof['leaves'][number][] = [];
    for (const opened of await openLeaves(facts, own, { tenantId, breathe })) {
      leaves.push({ ...opened, proof: await tree.inclusionProof(opened.index) });
    }
    return { log, checkpoint, leaves };
  }

  /**
   * A statement: canonical bytes with the person's leaves from an ordinal on, as many as a file holds, and all that
   * proves them. Throws NOT_FOUND for a size that was never signed, FORBIDDEN for somebody else's, and OVERLOADED when
   * too many wait: one is made at a time.
   */
  async statement(viewer: Viewer, query: StatementQuery): Promise<Uint8Array> {
    const beneficiaryId = query.beneficiaryId ?? viewer.userId;
    refuseOthers(viewer, beneficiaryId);
    if (this.#inLine >= MOST_IN_LINE)
      throw new DomainError('OVERLOADED', { detail: 'Many statements are being made.' });
    this.#inLine += 1;
    const made = this.#last.then(() => this.#make(viewer.tenantId, { ...query, beneficiaryId }));
    this.#last = made.catch(() => undefined);
    return made.finally(() => (this.#inLine -= 1));
  }

  async #make(tenantId: TenantId, query: StatementQuery & { beneficiaryId: UserId }): Promise<Uint8Array> {
    const { beneficiaryId } = query;
    const { logs, leaves: facts, clock, breathe, leavesPerFile } = this.#dependencies;
    const { checkpoint } = await this.#tree(tenantId, query.size);
    const earlier = query.earlier === undefined ? undefined : await this.#tree(tenantId, query.earlier);
    if (earlier !== undefined && earlier.checkpoint.size > checkpoint.size) {
      throw new DomainError('VALIDATION_FAILED', {
        fieldErrors: [{ path: 'earlier', message: 'must not be larger than the tree that the statement leads to' }],
      });
    }
    const last = await logs.lastOrdinal(tenantId, { beneficiaryId, size: checkpoint.size });
    const to = Math.min(last, query.from + leavesPerFile - 1);
    const own = await logs.leavesOfPerson(tenantId, { beneficiaryId, from: query.from, to });
    return makeStatement(
      {
        beneficiaryId,
        madeAt: clock.now(),
        checkpoint: checkpoint.note,
        earlier: earlier?.checkpoint.note,
        leaves: await openLeaves(facts, own, { tenantId, breathe }),
        last,
        totals: await logs.totals(tenantId, { beneficiaryId, last }),
        readTile: tilesOf(logs, tenantId),
      },
      await this.#dependencies.signer(tenantId),
    );
  }

  async #tree(tenantId: TenantId, size: number | undefined): Promise<{ log: Log; checkpoint: StoredCheckpoint }> {
    const { logs } = this.#dependencies;
    const log = await logs.findOf(tenantId);
    const checkpoint = await logs.checkpoint(tenantId, size);
    if (log === undefined || checkpoint === undefined) throw size === undefined ? notYet() : unsigned(size);
    return { log, checkpoint };
  }
}

function notYet(): DomainError {
  return new DomainError('NOT_FOUND', { detail: 'It is not in the log yet, which takes up to ten seconds.' });
}

function unsigned(size: number): DomainError {
  return new DomainError('NOT_FOUND', { detail: `No tree of ${size} leaves was signed.` });
}

function refuseOthers({ userId, isFinance }: Viewer, beneficiaryId: UserId): void {
  if (!isFinance && userId !== beneficiaryId) {
    throw new DomainError('FORBIDDEN', { detail: "These are somebody else's commissions." });
  }
}
