import { randomBytes } from 'node:crypto';
import { prismaAdapter } from '@dailydoco/database';
import { UserServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { type Basis, type Callers, connect, createBasis, identifiedCallers } from '@dailydoco/service';
import { ClickIds } from './clicks/click-ids.js';
import { ClickJournal } from './clicks/click-journal.adapter.js';
import { ClickLog } from './clicks/click-log.adapter.js';
import type { Config } from './config.js';
import { PrismaClient } from './generated/client.js';
import type { UserDirectory } from './members/ensure-member.js';
import { IdentityUsers } from './members/identity.client.js';
import type { RandomBytes } from './members/referral-code.js';
import { PlanCatalogues } from './plans/plan.store.js';
import type { WebsiteDirectory } from './websites/learn-website.js';
import { BuilderSites } from './websites/website-builder.client.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly randomBytes: RandomBytes;
  readonly prisma: PrismaClient;
  readonly catalogues: PlanCatalogues;
  readonly users: UserDirectory;
  readonly sites: WebsiteDirectory;
  readonly clicks: ClickLog;
  /** Undefined: a kill loses clicks. */
  readonly clickJournal: ClickJournal | undefined;
  readonly clickIds: ClickIds;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const basis = createBasis({ service: 'viral-engine', config, overrides });
  const { pool, logger } = basis;
  const { KEY_ENCRYPTION_SECRET, CLICK_ID_KEY: keyNumber, CLICK_JOURNAL_DIR: folder } = config;
  const clickJournal = folder === undefined ? undefined : new ClickJournal({ folder, logger, randomBytes });
  const clickIds = new ClickIds({ secret: Buffer.from(KEY_ENCRYPTION_SECRET, 'base64'), keyNumber });
  return {
    ...basis,
    ...identifiedCallers(basis),
    ...connectNeighbours(basis, clickIds),
    clickIds,
    randomBytes,
    prisma: new PrismaClient({ adapter: prismaAdapter(pool) }),
    catalogues: new PlanCatalogues(),
    clicks: new ClickLog({ pool, logger, randomBytes, journal: clickJournal }),
    clickJournal,
    ...overrides,
  };
}

function connectNeighbours(basis: Basis<Config>, clickIds: ClickIds): Pick<Runtime, 'users' | 'sites'> {
  const { IDENTITY_GRPC_ADDRESS, WEBSITE_BUILDER_GRPC_ADDRESS } = basis.config;
  const users = connect(basis, UserServiceService, { address: IDENTITY_GRPC_ADDRESS, retrySafeMethods: ['getUser'] });
  const sites = connect(basis, SiteServiceService, {
    address: WEBSITE_BUILDER_GRPC_ADDRESS,
    retrySafeMethods: ['getSite'],
  });
  return { users: new IdentityUsers(users, clickIds), sites: new BuilderSites(sites) };
}
