import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { landingUrlOf, linkBaseOf } from '../config.js';
import { Members } from '../members/ensure-member.js';
import { MemberStore } from '../members/member.store.js';
import { LINK_BASE } from '../referrals/referrals.http.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { LandingOriginsHttp } from './landing-origins.http.js';
import { LinkStore } from './link.store.js';
import { Links } from './links.js';
import { LinksHttp } from './links.http.js';

function links(runtime: Runtime): Links {
  const { config, pool, idempotency, clock, newId, randomBytes, users } = runtime;
  const members = new Members({
    directory: users,
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new MemberStore(tx, runtime))),
    clock,
    randomBytes,
  });
  return new Links({
    reads: new LinkStore(pool),
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new LinkStore(tx))),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new LinkStore(tx))),
    ensure: (tenantId, userId) => members.ensure(tenantId, userId),
    landingUrl: landingUrlOf(config),
    clock,
    newId,
    randomBytes,
  });
}

@Module({
  providers: [
    { provide: Links, useFactory: links, inject: [RUNTIME] },
    { provide: LINK_BASE, useFactory: ({ config }: Runtime) => linkBaseOf(config), inject: [RUNTIME] },
  ],
  controllers: [LinksHttp, LandingOriginsHttp],
})
export class LinksModule {}
