import { randomBytes } from 'node:crypto';
import { prismaAdapter } from '@dailydoco/database';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { type Basis, type Callers, connect, createBasis, identifiedCallers } from '@dailydoco/service';
import type { Config } from './config.js';
import { PrismaClient } from './generated/client.js';
import type { ReferralCodes } from './releases/publish-site.js';
import { ReleaseFiles } from './releases/release-files.adapter.js';
import { ViralEngineCodes } from './releases/viral-engine.client.js';
import { ShippedTemplates } from './templates/template-files.adapter.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly randomBytes: (count: number) => Uint8Array;
  readonly prisma: PrismaClient;
  readonly templates: ShippedTemplates;
  readonly storage: ReleaseFiles;
  readonly referralCodes: ReferralCodes;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const basis = createBasis({ service: 'website-builder', config, overrides });
  const referrals = connect(basis, ReferralServiceService, {
    address: config.VIRAL_ENGINE_GRPC_ADDRESS,
    retrySafeMethods: ['getReferralCode'],
  });
  return {
    ...basis,
    ...identifiedCallers(basis),
    randomBytes,
    prisma: new PrismaClient({ adapter: prismaAdapter(basis.pool) }),
    templates: ShippedTemplates.load(),
    storage: new ReleaseFiles(config.SITES_DIR),
    referralCodes: new ViralEngineCodes(referrals),
    ...overrides,
  };
}
