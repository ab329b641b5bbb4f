import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import type { Member, MemberStatus } from '../members/member.js';
import type { CountedNetwork } from './spread.js';

/** Who looks: everybody sees the own downline, administrators see everybody's. */
export interface Viewer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly isAdmin: boolean;
}

/** A member and what stands below. */
export interface NetworkReport {
  readonly userId: UserId;
  readonly referrerId: UserId | undefined;
  readonly status: MemberStatus;
  readonly joinedAt: Date;
  /** Levels without anybody are left out. */
  readonly peopleByLevel: ReadonlyMap<number, number>;
  /** What was bought on each level and paid on it; level 0 is the member. */
  readonly money: CountedNetwork['money'];
  /** See the rule of the viral score. */
  readonly weightedPoints: bigint;
}

/** One who stands directly below. */
export interface ChildReport {
  readonly userId: UserId;
  readonly status: MemberStatus;
  readonly joinedAt: Date;
  readonly directCount: number;
  readonly networkSize: number;
  readonly weightedPoints: bigint;
}

export interface ChildrenQuery {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** The last of the page before. */
  readonly after: UserId | undefined;
  readonly limit: number;
}

export interface NetworkReads {
  find(tenantId: TenantId, userId: UserId): Promise<NetworkReport | undefined>;
  /** Undefined when the tenant has no such member. */
  findUpline(tenantId: TenantId, userId: UserId): Promise<Member['upline'] | undefined>;
  /** Those directly below, in the order of their ids. */
  children(query: ChildrenQuery): Promise<ChildReport[]>;
}

/** What stands below members, for the eyes of one person. */
export class Networks {
  readonly #reads: NetworkReads;

  constructor(reads: NetworkReads) {
    this.#reads = reads;
  }

  /** Throws USER_UNKNOWN, and FORBIDDEN for a person who asks about anybody else. */
  async read(viewer: Viewer, userId: UserId): Promise<NetworkReport> {
    if (!viewer.isAdmin && userId !== viewer.userId) {
      throw new DomainError('FORBIDDEN', { detail: 'This is somebody else’s network.' });
    }
    const report = await this.#reads.find(viewer.tenantId, userId);
    if (report === undefined) throw new DomainError('USER_UNKNOWN');
    return report;
  }

  /**
   * Those directly below a person, and on which level below the viewer they stand (for administrators, below that
   * person: 1). Throws USER_UNKNOWN for administrators; for anybody else FORBIDDEN, whoever is not in the own downline.
   */
  async children(viewer: Viewer, query: ChildrenQuery): Promise<{ level: number; children: ChildReport[] }> {
    const { tenantId, userId } = query;
    const upline = await this.#reads.findUpline(tenantId, userId);
    const level = levelBelow(viewer, userId, upline);
    return { level: level + 1, children: await this.#reads.children(query) };
  }
}

function levelBelow(viewer: Viewer, userId: UserId, upline: Member['upline'] | undefined): number {
  if (viewer.isAdmin) {
    if (upline === undefined) throw new DomainError('USER_UNKNOWN');
    return 0;
  }
  if (userId === viewer.userId) return 0;
  const place = upline?.indexOf(viewer.userId) ?? -1;
  if (place < 0) throw new DomainError('FORBIDDEN', { detail: 'Nobody of this id stands in your downline.' });
  return place + 1;
}
