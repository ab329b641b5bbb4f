import { Module } from '@nestjs/common';
import { membersOf } from '../members/members.module.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { CouponStore } from './coupon.store.js';
import { Coupons } from './coupons.js';
import { CouponsHttp } from './coupons.http.js';

function coupons(runtime: Runtime): Coupons {
  const { pool, idempotency, clock, newId } = runtime;
  const members = membersOf(runtime);
  return new Coupons({
    reads: new CouponStore(pool),
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new CouponStore(tx))),
    ensure: (tenantId, userId) => members.ensure(tenantId, userId),
    clock,
    newId,
  });
}

@Module({
  providers: [{ provide: Coupons, useFactory: coupons, inject: [RUNTIME] }],
  controllers: [CouponsHttp],
})
export class CouponsModule {}
