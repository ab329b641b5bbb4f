import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { WriteKeysModule } from '../write-keys/write-keys.module.js';
import { PUBLIC_BASE } from './site-view.http.js';
import { SiteReader, SiteStore } from './site.store.js';
import { SiteWriteKeysHttp } from './site-write-keys.http.js';
import { SitesGrpc } from './sites.grpc.js';
import { SitesHttp } from './sites.http.js';
import { Sites } from './sites.js';

function sites({ pool, prisma, outbox, idempotency, templates, clock, newId, randomBytes }: Runtime): Sites {
  return new Sites({
    reads: new SiteReader(prisma),
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new SiteStore(tx, outbox))),
    templates,
    clock,
    newId,
    randomBytes,
  });
}

@Module({
  imports: [WriteKeysModule],
  providers: [
    { provide: Sites, useFactory: sites, inject: [RUNTIME] },
    {
      provide: PUBLIC_BASE,
      useFactory: ({ config }: Runtime) => config.PUBLIC_URL.replace(/\/$/, ''),
      inject: [RUNTIME],
    },
  ],
  controllers: [SitesHttp, SiteWriteKeysHttp, SitesGrpc],
  exports: [Sites, PUBLIC_BASE],
})
export class SitesModule {}
