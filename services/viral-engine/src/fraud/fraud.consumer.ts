import { type ConsumerDefinition, defineConsumer, events, isEvent, type ReceivedEvent } from '@dailydoco/events';
import type { UserRegistered } from '@dailydoco/proto/dailydoco/identity/events/v1/identity_events';
import {
  type CommissionChange,
  type CommissionsAccrued,
  CommissionStatus,
  type MemberJoined,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import { counter } from '@dailydoco/telemetry';
import { asPurchaseId, asTenantId, asUserId } from '../ids.js';
import type { MemberFingerprint, PaidPurchase, PurchaseRef, ReferralActivity } from './fraud-book.js';
import type { FraudStore } from './fraud.store.js';
import { scoreBatch } from './score-batch.js';
import type { Scored } from './score-purchases.js';

const found = counter('dailydoco_fraud_signals_total');
const opened = counter('dailydoco_fraud_reviews_opened_total');

/** Scores what purchases paid, after the fact: nobody's purchase waits for it. */
export function fraudConsumer(given: {
  book: (sql: ConstructorParameters<typeof FraudStore>[0]) => FraudStore;
  clock: { now(): Date };
  newId: () => string;
}): ConsumerDefinition {
  const { book, clock, newId } = given;
  return defineConsumer({
    name: 'viral-engine-fraud',
    topics: ['identity.events.v1', 'viral.events.v1'],
    givesWay: true,
    handles: [events.userRegistered, events.memberJoined, events.commissionsAccrued, events.commissionsReversed],
    async applyBatch(tx, received) {
      const happened = {
        fingerprints: received.flatMap(fingerprintOf),
        activity: received.flatMap(activityOf),
        accrued: received.flatMap((event) => (isEvent(event, events.commissionsAccrued) ? [toPaid(event)] : [])),
        reversed: received.flatMap((event) => (isEvent(event, events.commissionsReversed) ? [refOf(event)] : [])),
      };
      count(await scoreBatch(book(tx), happened, { now: clock.now(), newId }));
    },
  });
}

/** Counted although the database transaction may still fail: a metric, no account. */
function count({ signals, reviews }: Scored): void {
  for (const { rule } of signals) found.add(1, { rule });
  if (reviews.length > 0) opened.add(reviews.length);
}

function refOf({ tenantId, payload }: ReceivedEvent<{ purchaseId: string }>): PurchaseRef {
  return { tenantId: asTenantId(tenantId), purchaseId: asPurchaseId(payload.purchaseId) };
}

function toPaid(event: ReceivedEvent<CommissionsAccrued>): PaidPurchase {
  const { buyerId, changes, accruedAt } = event.payload;
  return {
    ...refOf(event),
    buyerId: asUserId(buyerId),
    at: accruedAt ?? event.occurredAt,
    earners: changes.map(({ beneficiaryId, level }) => ({ beneficiaryId: asUserId(beneficiaryId), level })),
  };
}

function fingerprintOf(event: ReceivedEvent): MemberFingerprint[] {
  return isEvent(event, events.userRegistered) ? toFingerprint(event) : [];
}

function toFingerprint({ tenantId, payload }: ReceivedEvent<UserRegistered>): MemberFingerprint[] {
  const { userId, fingerprints } = payload;
  if (fingerprints === undefined) return [];
  const { email, emailDisposable, address, agent, device } = fingerprints;
  const known = (print: Uint8Array) => (print.length === 0 ? undefined : print);
  return [
    {
      tenantId: asTenantId(tenantId),
      userId: asUserId(userId),
      email: known(email),
      isEmailDisposable: emailDisposable,
      address: known(address),
      agent: known(agent),
      device: known(device),
    },
  ];
}

function activityOf(event: ReceivedEvent): ReferralActivity[] {
  const tenantId = asTenantId(event.tenantId);
  const ofEarner = (kind: ReferralActivity['kind'], changes: readonly CommissionChange[]): ReferralActivity[] =>
    changes
      .filter(({ level }) => level === 1)
      .map(({ beneficiaryId }) => ({ tenantId, referrerId: asUserId(beneficiaryId), at: event.occurredAt, kind }));
  if (isEvent(event, events.memberJoined)) return registrationOf(event);
  if (isEvent(event, events.commissionsAccrued)) return ofEarner('purchase', event.payload.changes);
  if (!isEvent(event, events.commissionsReversed)) return [];
  const gone = event.payload.changes.filter(({ toStatus }) => toStatus === CommissionStatus.COMMISSION_STATUS_REVERSED);
  return ofEarner('refund', gone);
}

function registrationOf({ tenantId, payload, occurredAt }: ReceivedEvent<MemberJoined>): ReferralActivity[] {
  const { referrerId, joinedAt } = payload;
  if (referrerId === '') return [];
  const at = joinedAt ?? occurredAt;
  return [{ tenantId: asTenantId(tenantId), referrerId: asUserId(referrerId), at, kind: 'registration' }];
}
