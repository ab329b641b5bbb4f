import { isScope } from '@dailydoco/auth';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import {
  API_KEY_DEADLINE_MS,
  type Basis,
  type Callers,
  connect,
  createBasis,
  identifiedCallers,
  identityKeys,
  type ResolveApiKey,
} from '@dailydoco/service';
import { findKey } from './access/find-key.js';
import { siteWriteKeys } from './access/site-write-keys.client.js';
import type { Config } from './config.js';
import { GroupedEventWriter } from './events/event-writer.adapter.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly eventWriter: GroupedEventWriter;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const basis = createBasis({ service: 'analytics', config, overrides });
  const { pool, idempotency, newId } = basis;
  return {
    ...basis,
    ...identifiedCallers(basis, keysOfAllIssuers(basis)),
    eventWriter: new GroupedEventWriter({ pool, idempotency, newId, maxQueued: config.EVENT_QUEUE_MAX }),
    ...overrides,
  };
}

/** API keys are identity's, write keys of sites website-builder's. */
function keysOfAllIssuers(basis: Basis<Config>): ResolveApiKey {
  const sites = connect(basis, SiteServiceService, {
    address: basis.config.WEBSITE_BUILDER_GRPC_ADDRESS,
    defaultDeadlineMs: API_KEY_DEADLINE_MS,
    retrySafeMethods: ['resolveWriteKey'],
  });
  const issuers = [identityKeys(basis), siteWriteKeys(sites)];
  return async (sha256) => {
    const known = await findKey(issuers, sha256);
    return known && { ...known, scopes: known.scopes.filter(isScope) };
  };
}
