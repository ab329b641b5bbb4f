import { repeat } from '@dailydoco/service';
import { Module } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RUNTIME, type Runtime } from '../runtime.js';
import { landingUrlOf } from '../config.js';
import { locationOf } from '../links/landing.js';
import type { CodeTarget } from './click.js';
import { ClickStore, type StoredTarget } from './click.store.js';
import { ClicksHttp, LINK_SETTINGS, type LinkSettings } from './clicks.http.js';
import { FollowLink } from './follow-link.js';

const MOST_CODES = 200_000;
/** How long a link that changed its owner, or whose page is allowed no more, may still be followed as before. */
const KNOWN_MS = 30_000;
/** When to ask again about a code that nobody had, or that could not be asked about. */
const ASK_AGAIN_MS = 5_000;

/** How often it is looked for what a process left behind that was killed and did not come back. */
const RECOVER_EVERY_MS = 60_000;

type FindTarget = (code: string) => Promise<CodeTarget | undefined>;

/**
 * Answers from memory; one question at a time per code. Unknown codes are kept for a moment only; what cannot be asked
 * again for now is answered as before.
 */
export function codeTargets(find: FindTarget, perf: { now(): number } = performance): FindTarget {
  const cache = new LRUCache<string, { target: CodeTarget | undefined }>({
    max: MOST_CODES,
    ttl: KNOWN_MS,
    perf,
    ttlResolution: 0,
    fetchMethod: async (code, stale, { options }) => {
      const target = await find(code).catch((error: unknown) => {
        if (stale === undefined) throw error;
        return stale.target;
      });
      if (target === undefined || target === stale?.target) options.ttl = ASK_AGAIN_MS;
      return { target };
    },
  });
  return async (code) => (cache.peek(code) ?? (await cache.fetch(code)))?.target;
}

function withLocation({ landing, origins, ...of }: StoredTarget, fallback: string): CodeTarget {
  const allowed = [new URL(fallback).origin, ...origins];
  return { ...of, location: landing === undefined ? fallback : locationOf(landing, { origins: allowed, fallback }) };
}

function followLink({ config, pool, clicks, clickIds, clock, newId }: Runtime): FollowLink {
  const store = new ClickStore(pool);
  const landingUrl = landingUrlOf(config);
  return new FollowLink({
    findTarget: codeTargets(async (code) => {
      const stored = await store.findTarget(code);
      return stored && withLocation(stored, landingUrl);
    }),
    log: (click) => clicks.log(click),
    sign: (tenantId, clickId) => clickIds.sign(tenantId, clickId),
    landingUrl,
    clock,
    newId,
  });
}

/**
 * Has clicks of killed processes stored: once before this process hears of registrations, because the click came before
 * them, and every minute.
 */
export function recoverClicks(runtime: Runtime): void {
  const { lifecycle, logger, clicks, restoreHold } = runtime;
  lifecycle.onStart('left-clicks', async () => {
    if (restoreHold.isHeld) return;
    await clicks.recover().catch((err: unknown) => logger.warn({ err }, 'clicks were not recovered yet'));
  });
  repeat(runtime, { name: 'click-journals', everyMs: RECOVER_EVERY_MS, run: () => clicks.recover() });
}

function linkSettings({ config }: Runtime): LinkSettings {
  return { secure: config.PUBLIC_URL.startsWith('https:') };
}

@Module({
  providers: [
    { provide: FollowLink, useFactory: followLink, inject: [RUNTIME] },
    { provide: LINK_SETTINGS, useFactory: linkSettings, inject: [RUNTIME] },
  ],
  controllers: [ClicksHttp],
})
export class ClicksModule {}
