import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { PayoutMethodId, TenantId, UserId } from '../ids.js';
import { type Rail, RAIL_KINDS, type RailKind, type RailLimits } from '../rails/rail.js';

export const SANDBOX_OUTCOMES = ['settled', 'failed', 'returned'] as const;
export type SandboxOutcome = (typeof SANDBOX_OUTCOMES)[number];

/** Where a person wants the money. It never changes: another account is another method. */
export interface PayoutMethod {
  readonly tenantId: TenantId;
  readonly id: PayoutMethodId;
  readonly personId: UserId;
  readonly kind: RailKind;
  /** How payments to a sandbox method end; undefined on every other. */
  readonly outcome: SandboxOutcome | undefined;
  /** What may be shown of the account; undefined on the sandbox, which has none. */
  readonly masked: string | undefined;
  /** ISO 3166-1 alpha-2 of where the account is; undefined on rails that know no countries. */
  readonly country: string | undefined;
  readonly createdAt: Date;
  /** Until when it receives nothing, because it is a change; undefined: it never waited. */
  readonly heldUntil: Date | undefined;
}

/** What a payout method needs of its rail. */
export type MethodRail = Pick<Rail, 'kind' | 'capabilities' | 'destinationOf' | 'countryOf' | 'mask' | 'fingerprintOf'>;
export type Rails = ReadonlyMap<RailKind, MethodRail>;

/** The sandbox pays nobody: there is no account to hide, to share or to take over. */
export function isRealRail(kind: RailKind): boolean {
  return kind !== 'sandbox';
}

export function methodStatus({ heldUntil }: Pick<PayoutMethod, 'heldUntil'>, now: Date): 'active' | 'held' {
  return heldUntil !== undefined && now < heldUntil ? 'held' : 'active';
}

/**
 * Until when a new method waits. Somebody who got into an account adds a method of their own and asks for a payout:
 * so every real method but a person's first waits, and its owner is told meanwhile. Methods that were deleted count,
 * or deleting would be the way around.
 */
export function heldUntil(given: {
  kind: RailKind;
  realMethodsBefore: number;
  now: Date;
  holdMs: number;
}): Date | undefined {
  if (!isRealRail(given.kind) || given.realMethodsBefore === 0 || given.holdMs === 0) return undefined;
  return new Date(given.now.getTime() + given.holdMs);
}

/** What a rail makes of the details that a person gave. */
export interface ReadDetails {
  readonly masked: string | undefined;
  readonly country: string | undefined;
  readonly outcome: SandboxOutcome | undefined;
  /** One text for each account; undefined where there is none. In the clear: hash it before it goes anywhere. */
  readonly account: string | undefined;
}

/**
 * Has the rail check the details. Throws VALIDATION_FAILED with paths from the body's root, also for a rail that this
 * installation does not have, and RAIL_UNREACHABLE for an account in a country where the rail does not go.
 */
export function readDetails(rails: Rails, kind: RailKind, details: unknown): ReadDetails {
  const rail = rails.get(kind);
  if (rail === undefined) {
    throw new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: 'kind', message: 'is not offered here' }] });
  }
  const destination = destinationOf(rail, details);
  const country = rail.countryOf(destination);
  if (country !== undefined && !reachesCountry(rail, country)) throw new DomainError('RAIL_UNREACHABLE');
  if (!isRealRail(kind)) return { masked: undefined, country, outcome: outcomeOf(destination), account: undefined };
  return { masked: rail.mask(destination), country, outcome: undefined, account: rail.fingerprintOf(destination) };
}

function destinationOf(rail: MethodRail, details: unknown): unknown {
  try {
    return rail.destinationOf(details);
  } catch (error) {
    if (!(error instanceof DomainError) || error.reason !== 'VALIDATION_FAILED') throw error;
    const fieldErrors = error.fieldErrors.map(({ path, message }) => ({ path: belowDetails(path), message }));
    // Neither its detail nor its cause: they may quote what was given.
    throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  }
}

/** Rails name fields as they are in the details; the caller's body has those one level deeper. */
function belowDetails(path: string): string {
  if (path === '') return 'details';
  return path === 'details' || path.startsWith('details.') ? path : `details.${path}`;
}

function outcomeOf(destination: unknown): SandboxOutcome {
  const told =
    typeof destination === 'object' && destination !== null && 'outcome' in destination && destination.outcome;
  return SANDBOX_OUTCOMES.find((outcome) => outcome === told) ?? 'settled';
}

function reachesCountry({ capabilities: { countries } }: MethodRail, country: string): boolean {
  return countries === 'any' || countries.has(country);
}

/** A rail that reaches somebody, with what it carries in the currency asked for. */
export interface RailOption {
  readonly kind: RailKind;
  readonly limits: RailLimits;
  readonly typicalHours: number;
  readonly returnableHours: number;
}

/** What keeps a rail from being offered, in the order in which it is looked for. */
export const RAIL_OBSTACLES = ['not_installed', 'currency_not_carried', 'country_not_reached'] as const;
export type RailObstacle = (typeof RAIL_OBSTACLES)[number];

export interface UnreachableRail {
  readonly kind: RailKind;
  readonly obstacle: RailObstacle;
}

/** Where the money is to go; without a country, into any. */
export interface RailWish {
  readonly currency: CurrencyCode;
  readonly country: string | undefined;
}

/** The rails that carry a currency into a country, or into some country when none is told; the quickest first. */
export function railOptions(rails: Rails, wish: RailWish): RailOption[] {
  return [...rails.values()]
    .flatMap((rail) => {
      const { limits: byCurrency, typicalHours, returnableHours } = rail.capabilities;
      const limits = byCurrency.get(wish.currency);
      return limits === undefined || obstacleTo(rail, wish) !== undefined
        ? []
        : [{ kind: rail.kind, limits, typicalHours, returnableHours }];
    })
    .toSorted((a, b) => a.typicalHours - b.typicalHours || (a.kind < b.kind ? -1 : 1));
}

/** All other rails that there are, each with why it is not offered. */
export function unreachableRails(rails: Rails, wish: RailWish): UnreachableRail[] {
  return RAIL_KINDS.flatMap((kind) => {
    const obstacle = obstacleTo(rails.get(kind), wish);
    return obstacle === undefined ? [] : [{ kind, obstacle }];
  });
}

function obstacleTo(rail: MethodRail | undefined, { currency, country }: RailWish): RailObstacle | undefined {
  if (rail === undefined) return 'not_installed';
  if (!rail.capabilities.limits.has(currency)) return 'currency_not_carried';
  return country === undefined || reachesCountry(rail, country) ? undefined : 'country_not_reached';
}
