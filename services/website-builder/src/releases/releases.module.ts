import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { Sites } from '../sites/sites.js';
import { SitesModule } from '../sites/sites.module.js';
import { PublishHttp } from './publish.http.js';
import { PublishSite } from './publish-site.js';
import { PublishedFiles } from './published-files.js';
import { PublishedHttp } from './published.http.js';
import { ManifestStore, ReleaseStore } from './release.store.js';

function publishSite(runtime: Runtime, sites: Sites): PublishSite {
  const { pool, outbox, idempotency, templates, referralCodes, storage, clock, newId, randomBytes } = runtime;
  return new PublishSite({
    sites,
    templates,
    referralCodes,
    storage,
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new ReleaseStore(tx, outbox))),
    clock,
    newId,
    randomBytes,
  });
}

@Module({
  imports: [SitesModule],
  providers: [
    { provide: PublishSite, useFactory: publishSite, inject: [RUNTIME, Sites] },
    {
      provide: PublishedFiles,
      useFactory: ({ pool, storage }: Runtime) => new PublishedFiles(new ManifestStore(pool), storage),
      inject: [RUNTIME],
    },
  ],
  controllers: [PublishHttp, PublishedHttp],
})
export class ReleasesModule {}
