import { currencyOf, type CurrencyCode, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import { newId } from '@dailydoco/lifecycle';
import {
  asCommissionId,
  asPurchaseId,
  asRefundId,
  asUserId,
  type CommissionId,
  type PurchaseId,
  type RefundId,
  type TenantId,
  type UserId,
} from '../src/ids.js';
import type { ChangesKind, EntryChange, EntryStatus, MoneyEvent, MoneyFact } from '../src/purchases/money-event.js';
import type { PurchaseState } from '../src/reconciliation/compare-purchases.js';

export const START = new Date('2026-06-01T12:00:00.000Z');

/** A commission as viral-engine would keep it. */
export interface LifeEntry {
  readonly commissionId: CommissionId;
  readonly beneficiaryId: UserId;
  readonly grossMicros: bigint;
  netMicros: bigint;
  status: EntryStatus;
}

export interface Sold {
  readonly tenantId: TenantId;
  readonly currency?: CurrencyCode;
  readonly amountMicros: bigint;
  readonly shares: readonly { readonly beneficiaryId: UserId; readonly micros: bigint }[];
  /** Where its ids come from; random unless told. */
  readonly newId?: () => string;
}

interface Lost {
  readonly refundId: RefundId;
  readonly micros: bigint;
}

/**
 * A plain model of one purchase: what viral-engine would do with it, and the money events that it would write. It knows
 * nothing of the ledger, so that the ledger can be held against it.
 */
export class Life {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
  readonly buyerId: UserId;
  readonly currency: CurrencyCode;
  readonly amountMicros: bigint;
  readonly entries: readonly LifeEntry[];
  readonly events: MoneyEvent[] = [];
  readonly #chargebacks: Lost[] = [];
  readonly #newId: () => string;
  #refundedMicros = 0n;
  #holdIsOver = false;

  constructor({ tenantId, currency = currencyOf('USD'), amountMicros, shares, newId: ids = newId }: Sold) {
    this.#newId = ids;
    this.purchaseId = asPurchaseId(ids());
    this.buyerId = asUserId(ids());
    this.tenantId = tenantId;
    this.currency = currency;
    this.amountMicros = amountMicros;
    this.entries = shares.map(({ beneficiaryId, micros }) => ({
      commissionId: asCommissionId(ids()),
      beneficiaryId,
      grossMicros: micros,
      netMicros: micros,
      status: 'pending',
    }));
    const paid = shares.reduce((sum, { micros }) => sum + micros, 0n);
    this.#tell({ kind: 'PurchaseRecorded', amountMicros, houseMicros: amountMicros - paid });
    if (shares.length === 0) return;
    const changes = this.entries.map((entry): EntryChange => {
      const { commissionId, beneficiaryId, grossMicros } = entry;
      const common = { commissionId, beneficiaryId, deltaMicros: grossMicros, netMicros: grossMicros };
      return { ...common, fromStatus: undefined, toStatus: 'pending' };
    });
    this.#tellChanges('CommissionsAccrued', changes);
  }

  get refundedMicros(): bigint {
    return this.#refundedMicros;
  }

  get leftMicros(): bigint {
    return this.amountMicros - this.#refundedMicros;
  }

  hold(reason = 'beneficiary_suspended'): void {
    this.#move('CommissionsHeld', { from: ['pending'], to: 'held', reason });
  }

  lift(): void {
    this.#move('CommissionsHeld', { from: ['held'], to: 'pending', reason: 'lifted' });
  }

  release(): void {
    this.#holdIsOver = true;
    this.#move('CommissionsReleased', { from: ['pending'], to: 'available' });
  }

  forfeit(): void {
    const changes = this.entries
      .filter(({ status }) => status === 'pending' || status === 'held')
      .map((entry) => this.#change(entry, { netMicros: 0n, toStatus: 'forfeited' }));
    this.#tellChanges('CommissionsForfeited', changes, { reason: 'fraud' });
  }

  /** A refund of a part of what is left; nothing when nothing is. */
  refund(micros: bigint): RefundId {
    const refundId = asRefundId(this.#newId());
    if (micros <= 0n || micros > this.leftMicros) return refundId;
    this.#refundedMicros += micros;
    this.#chargebacks.push({ refundId, micros });
    this.#tell({ kind: 'RefundRecorded', refundId });
    const changes = this.#living().map((entry) => {
      const netMicros = this.#netOf(entry);
      return this.#change(entry, { netMicros, toStatus: netMicros === 0n ? 'reversed' : entry.status });
    });
    this.#tellChanges('CommissionsReversed', changes, { refundId });
    return refundId;
  }

  /** Wins the latest chargeback back. */
  win(): void {
    const lost = this.#chargebacks.pop();
    if (lost === undefined) return;
    this.#refundedMicros -= lost.micros;
    const changes = this.#living().map((entry) => {
      const netMicros = this.#netOf(entry);
      const back = this.#holdIsOver ? 'available' : 'pending';
      const toStatus = entry.status === 'reversed' && netMicros > 0n ? back : entry.status;
      return this.#change(entry, { netMicros, toStatus });
    });
    this.#tellChanges('CommissionsRestored', changes, { refundId: lost.refundId });
  }

  /** As viral-engine tells it to reconciliation. */
  state(changedAt = START): PurchaseState {
    const entries = this.entries.map(
      ({ commissionId, status, netMicros }) => [commissionId, { status, netMicros }] as const,
    );
    return { purchaseId: this.purchaseId, sequence: BigInt(this.events.length), entries: new Map(entries), changedAt };
  }

  #living(): LifeEntry[] {
    return this.entries.filter(({ status }) => status !== 'forfeited');
  }

  #netOf({ grossMicros }: LifeEntry): bigint {
    return (grossMicros * this.leftMicros) / this.amountMicros;
  }

  #move(kind: ChangesKind, by: { from: readonly EntryStatus[]; to: EntryStatus; reason?: string }): void {
    const changes = this.entries
      .filter(({ status }) => by.from.includes(status))
      .map((entry) => this.#change(entry, { netMicros: entry.netMicros, toStatus: by.to }));
    this.#tellChanges(kind, changes, { reason: by.reason });
  }

  #change(entry: LifeEntry, { netMicros, toStatus }: { netMicros: bigint; toStatus: EntryStatus }): EntryChange {
    const { commissionId, beneficiaryId, status: fromStatus } = entry;
    const deltaMicros = netMicros - entry.netMicros;
    Object.assign(entry, { netMicros, status: toStatus });
    return { commissionId, beneficiaryId, fromStatus, toStatus, deltaMicros, netMicros };
  }

  #tellChanges(
    kind: ChangesKind,
    changes: readonly EntryChange[],
    { refundId, reason }: { refundId?: RefundId | undefined; reason?: string | undefined } = {},
  ): void {
    const real = changes.filter(
      ({ deltaMicros, fromStatus, toStatus }) => deltaMicros !== 0n || fromStatus !== toStatus,
    );
    if (real.length > 0) this.#tell({ kind, changes: real, refundId, reason });
  }

  #tell(fact: MoneyFact): void {
    this.events.push({
      tenantId: this.tenantId,
      eventId: this.#newId(),
      purchaseId: this.purchaseId,
      sequence: BigInt(this.events.length + 1),
      currency: this.currency,
      occurredAt: START,
      fact,
    });
  }
}

/** A number from 0 up to, not including, `below`. */
export type Dice = (below: number) => number;

/** One of the items, by chance. */
export function oneOf<T>(items: readonly T[], dice: Dice): T {
  const [item] = items.slice(dice(items.length));
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}

/** Chance that can be had again by its seed. */
export function seeded(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  return items
    .map((item) => ({ item, at: dice(1_000_000_000) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** A purchase of chance with a life of chance; amounts from a few micros to the largest there is. */
export function randomLife(
  dice: Dice,
  { tenantId, people, currencies }: { tenantId: TenantId; people: readonly UserId[]; currencies: readonly string[] },
): Life {
  const amountMicros = oneOf([7n, 79_000_000n, 123_456_789n, MAX_PURCHASE_MICROS], dice);
  let left = (amountMicros * 7n) / 10n;
  const shares = Array.from({ length: dice(8) }, () => {
    const micros = (left * BigInt(dice(1000))) / 2_000n;
    left -= micros;
    return { beneficiaryId: oneOf(people, dice), micros };
  }).filter(({ micros }) => micros > 0n);
  const life = new Life({ tenantId, currency: currencyOf(oneOf(currencies, dice)), amountMicros, shares });
  for (let step = dice(9); step > 0; step -= 1) randomStep(life, dice);
  return life;
}

function randomStep(life: Life, dice: Dice): void {
  switch (dice(8)) {
    case 0:
      return life.hold();
    case 1:
      return life.lift();
    case 2:
    case 3:
    case 4:
      return life.release();
    case 5:
      return void life.refund(dice(3) === 0 ? life.leftMicros : (life.leftMicros * BigInt(dice(1000))) / 1_000n);
    case 6:
      return life.win();
    default:
      return dice(4) === 0 ? life.forfeit() : undefined;
  }
}

/** What each person's balances must come to, by `person currency status`. */
export function expectedNets(lives: readonly Life[]): Map<string, bigint> {
  const nets = new Map<string, bigint>();
  for (const { entries, currency } of lives) {
    for (const { beneficiaryId, status, netMicros } of entries) {
      const key = `${beneficiaryId} ${currency} ${status}`;
      nets.set(key, (nets.get(key) ?? 0n) + netMicros);
    }
  }
  return nets;
}
