import { inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { ClickIds } from '../clicks/click-ids.js';
import { linkBaseOf } from '../config.js';
import { Members } from '../members/ensure-member.js';
import { MemberStore } from '../members/member.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { ReferralStore } from './referral.store.js';
import { Attribution } from './attribution.js';
import { AttributionHttp } from './attribution.http.js';
import { AttributionSettingStore } from './attribution-setting.store.js';
import { ConversionStore } from './conversion.store.js';
import { type ConversionOutcome, convertFirstPurchase, type ReferredOrder } from './convert-first-purchase.js';
import { Referrals } from './referrals.js';
import { ReferralsGrpc } from './referrals.grpc.js';
import { LINK_BASE, ReferralsHttp } from './referrals.http.js';

function referrals(runtime: Runtime): Referrals {
  const { pool, clock, newId, randomBytes, users, clicks } = runtime;
  const members = new Members({
    directory: users,
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new MemberStore(tx, runtime))),
    clock,
    randomBytes,
  });
  return new Referrals({
    reads: new ReferralStore(pool, new MemberStore(pool, runtime)),
    ensure: (tenantId, userId) => members.ensure(tenantId, userId),
    clicksSettled: () => clicks.settled(),
    clock,
    newId,
  });
}

const converted = counter('dailydoco_first_purchase_conversions_total');

/** Gives buyers the referrers that their first purchases name, each in a database transaction of its own. */
export function firstPurchaseConversion({
  pool,
  outbox,
  clock,
  newId,
}: Pick<Runtime, 'pool' | 'outbox' | 'clock' | 'newId'>): (order: ReferredOrder) => Promise<ConversionOutcome> {
  return async (order) => {
    const outcome = await inDatabaseTransaction(pool, (tx) => {
      const members = new MemberStore(tx, { outbox, newId });
      const conversions = new ConversionStore(tx, { members, outbox });
      return convertFirstPurchase({ members, conversions }, order, { now: clock.now() });
    });
    if (outcome.kind !== 'missing') converted.add(1, { outcome: outcome.kind });
    return outcome;
  };
}

@Module({
  providers: [
    {
      provide: Attribution,
      useFactory: ({ pool, clock }: Runtime) => new Attribution(new AttributionSettingStore(pool), clock),
      inject: [RUNTIME],
    },
    { provide: Referrals, useFactory: referrals, inject: [RUNTIME] },
    { provide: ClickIds, useFactory: ({ clickIds }: Runtime) => clickIds, inject: [RUNTIME] },
    { provide: LINK_BASE, useFactory: ({ config }: Runtime) => linkBaseOf(config), inject: [RUNTIME] },
  ],
  controllers: [ReferralsHttp, AttributionHttp, ReferralsGrpc],
})
export class ReferralsModule {}
