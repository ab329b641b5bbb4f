import { asTenantId, type TenantId } from '../ids.js';

/** Whose lists hold for every tenant. */
export const INSTALLATION: TenantId = asTenantId('00000000-0000-0000-0000-000000000000');

export const LIST_KINDS = ['sanctions', 'pep'] as const;
export type ListKind = (typeof LIST_KINDS)[number];

/** Somebody on a list, as its file has them. */
export interface ListEntry {
  /** The list's own id of the entry: the same from version to version. */
  readonly key: string;
  readonly name: string;
  readonly aliases: readonly string[];
  /** Years in which they may have been born; empty: not known. */
  readonly birthYears: readonly number[];
  /** As the list writes it; undefined: not known. */
  readonly country: string | undefined;
  /** Why they are on the list, in the list's own words. */
  readonly program: string | undefined;
}

/** Whom to look for. */
export interface Subject {
  /** Every name that is known of them; they match by the best. */
  readonly names: readonly string[];
  readonly birthYear: number | undefined;
}

export interface Match {
  readonly list: string;
  /** The installation's lists are everybody's; a tenant's own are the tenant's. */
  readonly ownedBy: TenantId;
  readonly kind: ListKind;
  readonly entry: ListEntry;
  /** Changes when the entry does. */
  readonly entryDigest: string;
  /** 0 to 100. */
  readonly score: number;
}

/** Lists of people who must not, or not without a look, be paid. A provider of such lists is another of these. */
export interface SanctionsList {
  /**
   * One text for what is in force for each tenant: it changes when any list or the threshold does. Absent: the tenant
   * has no list, so that nobody can be screened.
   */
  stateOf(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, string>>;
  /** The entries that each subject matches from the tenant's threshold on, the best first; by the subject's place. */
  matches(tenantId: TenantId, subjects: readonly Subject[]): Promise<readonly (readonly Match[])[]>;
}
