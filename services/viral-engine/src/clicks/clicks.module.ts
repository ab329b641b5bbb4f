import { Module } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RUNTIME, type Runtime } from '../runtime.js';
import type { CodeOwner } from './click.js';
import { ClickStore } from './click.store.js';
import { ClicksHttp, LINK_SETTINGS, type LinkSettings } from './clicks.http.js';
import { FollowLink } from './follow-link.js';

const MOST_CODES = 200_000;
/** A code never changes its owner; the bound is for the memory's sake. */
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 5_000;

/** Answers from memory; one question at a time per code. Unknown codes are kept for a moment only. */
export function codeOwners(find: (code: string) => Promise<CodeOwner | undefined>): FollowLinkOwners {
  const cache = new LRUCache<string, { owner: CodeOwner | undefined }>({
    max: MOST_CODES,
    ttl: KNOWN_MS,
    fetchMethod: async (code, _stale, { options }) => {
      const owner = await find(code);
      if (owner === undefined) options.ttl = UNKNOWN_MS;
      return { owner };
    },
  });
  return async (code) => (cache.peek(code) ?? (await cache.fetch(code)))?.owner;
}

type FollowLinkOwners = (code: string) => Promise<CodeOwner | undefined>;

function followLink({ pool, clicks, clock, newId }: Runtime): FollowLink {
  const store = new ClickStore(pool);
  return new FollowLink({
    findOwner: codeOwners((code) => store.findOwner(code)),
    log: (click) => clicks.log(click),
    clock,
    newId,
  });
}

function linkSettings({ config }: Runtime): LinkSettings {
  return {
    landingUrl: config.LANDING_URL ?? new URL('/docs', config.PUBLIC_URL).href,
    secure: config.PUBLIC_URL.startsWith('https:'),
  };
}

@Module({
  providers: [
    { provide: FollowLink, useFactory: followLink, inject: [RUNTIME] },
    { provide: LINK_SETTINGS, useFactory: linkSettings, inject: [RUNTIME] },
  ],
  controllers: [ClicksHttp],
})
export class ClicksModule {}
