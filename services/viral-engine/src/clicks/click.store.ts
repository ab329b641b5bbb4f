import type { Sql } from '@dailydoco/database';
import { asLinkId, asTenantId, asUserId } from '../ids.js';
import type { Landing, Utm } from '../links/landing.js';
import { type Click, type CodeTarget, leadSame } from './click.js';
import type { IdentifiedClick } from './click-identity.js';

/** Where a code leads, as it is stored. */
export interface StoredTarget extends Omit<CodeTarget, 'location'> {
  /** Undefined for a member's own code. */
  readonly landing: Landing | undefined;
  /** The origins that the tenant itself allows its links to lead to. */
  readonly origins: readonly string[];
}

interface TargetRow {
  tenant_id: string;
  owner_id: string;
  link_id: string | null;
  campaign: string | null;
  landing_url: string | null;
  utm: Utm | null;
  sub_ids: string[] | null;
  origins: string[] | null;
}

/** The hour under which an identity is kept for the whole day. */
const ALL_DAY = -1;

/**
 * What clicks have in common because they lead to the same is sent once, as reading the arrays is a third of the work: a
 * click names its target by its position, from 1. A shorter array ends in nulls, so where nothing was brought it is empty.
 */
const ADD_CLICKS = `
  INSERT INTO click (tenant_id, id, visitor_id, code, referrer_id, clicked_at, link_id, campaign, counted, brought)
  SELECT target.tenant_id, made.id, made.visitor_id, target.code, target.referrer_id,
    timestamptz 'epoch' + made.at_ms * interval '1 ms', target.link_id, target.campaign, made.counted, made.brought
  FROM unnest($6::integer[], $7::uuid[], $8::uuid[], $9::bigint[], $10::boolean[], $11::jsonb[])
    AS made (position, id, visitor_id, at_ms, counted, brought)
  JOIN unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[]) WITH ORDINALITY
    AS target (tenant_id, code, referrer_id, link_id, campaign, position) ON target.position = made.position`;

/** The only SQL about clicks and about where a code leads. */
export class ClickStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Over all tenants: a link names none, and codes are unique over the installation. Coupons are told, not followed: what
   * bounds them is looked at where somebody registers or buys.
   */
  async findTarget(code: string): Promise<StoredTarget | undefined> {
    const { rows } = await this.#sql.query<TargetRow>(
      `SELECT c.tenant_id, coalesce(c.owner_id, l.owner_id) AS owner_id, c.link_id, l.campaign, l.landing_url, l.utm,
              l.sub_ids, t.origins
       FROM referral_code c
       LEFT JOIN link l ON l.tenant_id = c.tenant_id AND l.id = c.link_id
       LEFT JOIN tenant_landing t ON t.tenant_id = c.tenant_id
       WHERE c.code = $1 AND c.coupon_id IS NULL`,
      [code],
    );
    return rows[0] && toTarget(code, rows[0]);
  }

  /**
   * Two statements, and a third when there were links among them. A click is counted when its identity has not clicked on
   * the same within the hour; the others are kept too, because each may be the first of its visitor. Where some of them may
   * be stored already, which costs a quarter more to ask, those change nothing; without asking, they would fail all.
   */
  async add(clicks: readonly IdentifiedClick[], { mayBeStored }: { mayBeStored: boolean }): Promise<void> {
    const keys = clicks.map((click) => seenKey(click, click.hour));
    const fresh = await this.#addIdentities(clicks, keys);
    const counted = keys.map((key) => fresh.delete(key));
    const { targets, positions } = targetsOf(clicks);
    const brought = clicks.map(({ click }) => (click.brought === undefined ? null : JSON.stringify(click.brought)));
    await this.#sql.query(mayBeStored ? `${ADD_CLICKS} ON CONFLICT DO NOTHING` : ADD_CLICKS, [
      targets.map(({ tenantId }) => tenantId),
      targets.map(({ code }) => code),
      targets.map(({ ownerId }) => ownerId),
      targets.map(({ linkId }) => linkId ?? null),
      targets.map(({ campaign }) => campaign ?? null),
      positions,
      clicks.map(({ click }) => click.id),
      clicks.map(({ click }) => click.visitorId),
      clicks.map(({ click }) => BigInt(click.clickedAt.getTime())),
      counted,
      brought.every((each) => each === null) ? [] : brought,
    ]);
    const ofLinks = clicks.filter(({ click }, index) => click.linkId !== undefined && counted[index] === true);
    if (ofLinks.length > 0) await this.#countLinks(ofLinks, fresh);
  }

  /** Those of them that are not stored. */
  async missing(clicks: readonly Click[]): Promise<Click[]> {
    const { rows } = await this.#sql.query<{ id: string }>(
      `SELECT id FROM click JOIN unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id) USING (tenant_id, id)`,
      [clicks.map(({ tenantId }) => tenantId), clicks.map(({ id }) => id)],
    );
    const stored = new Set(rows.map(({ id }) => id));
    return clicks.filter(({ id }) => !stored.has(id));
  }

  /** What had not been seen: an identity in an hour, and an identity on a day. In sorted order, as replicas write at once. */
  async #addIdentities(clicks: readonly IdentifiedClick[], keys: readonly string[]): Promise<Set<string>> {
    const seen = new Map<string, { of: IdentifiedClick; hour: number }>();
    for (const [index, of] of clicks.entries()) {
      const key = keys[index] ?? '';
      // An identity is of one day, so whoever was seen in the hour was seen on the day.
      if (seen.has(key)) continue;
      seen.set(key, { of, hour: of.hour });
      seen.set(seenKey(of, ALL_DAY), { of, hour: ALL_DAY });
    }
    const rows = [...seen.values()];
    const { rows: fresh } = await this.#sql.query<{ leads_to: string; identity: string; hour: number }>(
      `INSERT INTO click_identity (tenant_id, leads_to, identity, hour, day)
       SELECT tenant_id, leads_to, decode(identity, 'hex'), hour, day
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::date[])
         AS seen (tenant_id, leads_to, identity, hour, day)
       ORDER BY tenant_id, leads_to, identity COLLATE "C", hour
       ON CONFLICT DO NOTHING RETURNING leads_to, encode(identity, 'hex') AS identity, hour`,
      [
        rows.map(({ of }) => of.click.tenantId),
        rows.map(({ of }) => leadsTo(of)),
        rows.map(({ of }) => of.identity),
        rows.map(({ hour }) => hour),
        rows.map(({ of }) => of.day),
      ],
    );
    return new Set(fresh.map(({ leads_to, identity, hour }) => `${leads_to}/${identity}/${hour}`));
  }

  async #countLinks(clicks: readonly IdentifiedClick[], fresh: Set<string>): Promise<void> {
    const days = Map.groupBy(clicks, ({ click, day }) => `${click.linkId}/${day}`);
    const rows = [...days.values()].flatMap((ofDay) => {
      const [first] = ofDay;
      if (first === undefined) return [];
      const unique = ofDay.filter((click) => fresh.delete(seenKey(click, ALL_DAY))).length;
      return [{ ...first.click, day: first.day, clicks: ofDay.length, unique }];
    });
    await this.#sql.query(
      `INSERT INTO link_click_day AS kept (tenant_id, link_id, day, clicks, unique_clicks)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::integer[], $5::integer[])
         AS more (tenant_id, link_id, day, clicks, unique_clicks)
       ORDER BY tenant_id, link_id, day
       ON CONFLICT (tenant_id, link_id, day) DO UPDATE
       SET clicks = kept.clicks + excluded.clicks, unique_clicks = kept.unique_clicks + excluded.unique_clicks`,
      [
        rows.map(({ tenantId }) => tenantId),
        rows.map(({ linkId }) => linkId),
        rows.map(({ day }) => day),
        rows.map((row) => row.clicks),
        rows.map(({ unique }) => unique),
      ],
    );
  }
}

/** Where clicks lead to, once for those in a row that lead to the same; and the position of each click's. */
function targetsOf(clicks: readonly IdentifiedClick[]): { targets: Click[]; positions: bigint[] } {
  const targets: Click[] = [];
  let last: Click | undefined;
  let position = 0n;
  const positions = clicks.map(({ click }) => {
    if (last === undefined || !leadSame(click, last)) {
      targets.push(click);
      position = BigInt(targets.length);
    }
    last = click;
    return position;
  });
  return { targets, positions };
}

/** Ids are unique over the installation, so the tenant is no part of it. */
function seenKey(click: IdentifiedClick, hour: number): string {
  return `${leadsTo(click)}/${click.identity}/${hour}`;
}

function leadsTo({ click: { linkId, ownerId } }: IdentifiedClick): string {
  return linkId ?? ownerId;
}

function toTarget(code: string, row: TargetRow): StoredTarget {
  const { link_id, campaign, landing_url, utm, sub_ids } = row;
  return {
    code,
    tenantId: asTenantId(row.tenant_id),
    ownerId: asUserId(row.owner_id),
    linkId: link_id === null ? undefined : asLinkId(link_id),
    campaign: campaign ?? undefined,
    landing:
      link_id === null ? undefined : { landingUrl: landing_url ?? undefined, utm: utm ?? {}, subIds: sub_ids ?? [] },
    origins: row.origins ?? [],
  };
}
