import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { linkBaseOf } from '../config.js';
import { Members } from '../members/ensure-member.js';
import { MemberStore } from '../members/member.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { ReferralStore } from './referral.store.js';
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

@Module({
  providers: [
    { provide: Referrals, useFactory: referrals, inject: [RUNTIME] },
    { provide: LINK_BASE, useFactory: ({ config }: Runtime) => linkBaseOf(config), inject: [RUNTIME] },
  ],
  controllers: [ReferralsHttp, ReferralsGrpc],
})
export class ReferralsModule {}
