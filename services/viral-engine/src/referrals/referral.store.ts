import type { Sql } from '@dailydoco/database';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import type { Member } from '../members/member.js';
import type { CodeOwnership } from '../members/referral-source.js';
import type { ReferralLookup } from '../members/register-member.js';
import { readPeople } from '../network/network.store.js';
import type { Network, NetworkReads } from './referrals.js';

/** Reads of the tree from a member's place in it. */
export class ReferralStore implements NetworkReads {
  readonly #sql: Sql;
  readonly #lookup: ReferralLookup;

  constructor(sql: Sql, lookup: ReferralLookup) {
    this.#sql = sql;
    this.#lookup = lookup;
  }

  async readNetwork(tenantId: TenantId, userId: UserId): Promise<Network | undefined> {
    const { rows } = await this.#sql.query<{ code: string; referrer_id: string | null }>(
      `SELECT c.code, m.referrer_id FROM member m
       JOIN referral_code c ON c.tenant_id = m.tenant_id AND c.owner_id = m.user_id
       WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, userId],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      code: row.code,
      referredBy: row.referrer_id === null ? undefined : asUserId(row.referrer_id),
      countByLevel: await readPeople(this.#sql, tenantId, userId),
    };
  }

  async findCode(tenantId: TenantId, userId: UserId): Promise<string | undefined> {
    const { rows } = await this.#sql.query<{ code: string }>(
      'SELECT code FROM referral_code WHERE tenant_id = $1 AND owner_id = $2',
      [tenantId, userId],
    );
    return rows[0]?.code;
  }

  findMember(tenantId: TenantId, userId: UserId): Promise<Member | undefined> {
    return this.#lookup.findMember(tenantId, userId);
  }

  findCodeOwner(tenantId: TenantId, code: string): Promise<CodeOwnership | undefined> {
    return this.#lookup.findCodeOwner(tenantId, code);
  }

  attributionWindowDays(
    ...asked: Parameters<ReferralLookup['attributionWindowDays']>
  ): ReturnType<ReferralLookup['attributionWindowDays']> {
    return this.#lookup.attributionWindowDays(...asked);
  }

  firstClick(query: Parameters<ReferralLookup['firstClick']>[0]): ReturnType<ReferralLookup['firstClick']> {
    return this.#lookup.firstClick(query);
  }
}
