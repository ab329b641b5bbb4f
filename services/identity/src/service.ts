import cookie from '@fastify/cookie';
import { inDatabaseTransaction } from '@dailydoco/database';
import { ApiKeyServiceService, UserServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { addConsumers, addRelay, buildEdges, repeat, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { asTenantId, asUserId } from './ids.js';
import { MailStore } from './mails/mail.store.js';
import { payoutMethodsConsumer } from './mails/payout-methods.consumer.js';
import { sendOneMail } from './mails/send-mails.js';
import { migrationSources } from './migrations.js';
import { RecoveryStore } from './recovery/recovery.store.js';
import type { Runtime } from './runtime.js';
import { SessionStore } from './sessions/session.store.js';
import { bootstrap } from './tenants/tenant.js';
import { TenantStore } from './tenants/tenant.store.js';
import { normaliseEmail } from './users/user.js';

const KEY_REFRESH_MS = 20_000;
const MAIL_EVERY_MS = 500;
const PURGE_EVERY_MS = 3_600_000;
const PURGE_BATCH = 1_000;
const KEPT_AFTER_END_MS = 7 * 86_400_000;

/** Puts the service together; the lifecycle's `start` and `shutdown` do the rest in order. */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addRelay(runtime);
  addConsumers(runtime, [payoutMethodsConsumer(runtime)]);
  addTasks(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC, and what they stand on. */
export function createEdges(runtime: Runtime): Promise<Service> {
  const { config, redis } = runtime;
  return buildEdges(runtime, {
    module: AppModule.with(runtime),
    migrations: migrationSources,
    grpcServices: [UserServiceService, ApiKeyServiceService],
    trustProxy: config.TRUSTED_PROXIES,
    plugins: async (fastify) => {
      await fastify.register(cookie);
    },
    preparations: preparations(runtime),
    beforePoolEnds: async () => redis.disconnect(),
  });
}

/** What must be there before anybody is let in: signing keys, default tenant, first owner. */
function preparations(runtime: Runtime): Record<string, () => Promise<void>> {
  const { keyRing, passwords, redis } = runtime;
  return {
    // Redis may be away: the limits go on without it.
    redis: () => redis.connect().catch(() => undefined),
    'signing-keys': () => keyRing.refresh(),
    bootstrap: () => makeFirstOwner(runtime),
    // The first unknown address must not take longer than the next: what it is compared with is made here.
    passwords: async () => {
      await passwords.verify(undefined, '');
    },
  };
}

/** The part that works on its own: key rotation, mails, housekeeping. */
export function addTasks(runtime: Runtime): void {
  const { logger, pool, keyRing, sealer, clock, sendMail } = runtime;
  repeat(runtime, {
    name: 'signing-key-rotation',
    everyMs: KEY_REFRESH_MS,
    run: async () => {
      await keyRing.refresh();
      return false;
    },
  });
  const mails = new MailStore(pool, sealer);
  repeat(runtime, {
    name: 'mails',
    everyMs: MAIL_EVERY_MS,
    run: () =>
      sendOneMail(
        {
          claim: () => inDatabaseTransaction(pool, (tx) => new MailStore(tx, sealer).claim(clock.now())),
          sent: (id) => mails.sent(id),
          failed: (mail, why) => mails.failed(mail, why),
        },
        sendMail,
        ({ error: err, ...failure }) => logger.warn({ err, ...failure }, 'a mail could not be sent'),
      ),
  });
  repeat(runtime, { name: 'housekeeping', everyMs: PURGE_EVERY_MS, run: () => housekeeping(runtime) });
}

/** Deletes sessions and codes of mails a week after their end; true when there may be more. */
export async function housekeeping(runtime: Runtime): Promise<boolean> {
  const { pool, clock } = runtime;
  const before = new Date(clock.now().getTime() - KEPT_AFTER_END_MS);
  const sessions = await new SessionStore(pool, runtime).purge(before, PURGE_BATCH);
  const codes = await new RecoveryStore(pool, runtime).purge(before, PURGE_BATCH);
  return sessions || codes;
}

async function makeFirstOwner(runtime: Runtime): Promise<void> {
  const { config, pool, clock, newId, passwords } = runtime;
  const email = normaliseEmail(config.BOOTSTRAP_ADMIN_EMAIL);
  const users = new TenantStore(pool, runtime);
  // A hash costs a moment; at all but the first boot nobody needs it.
  if ((await users.findDefaultTenant()) !== undefined && (await users.hasUserWithEmail(email))) return;
  const passwordHash = await passwords.hash(config.BOOTSTRAP_ADMIN_PASSWORD);
  const owner = {
    id: asUserId(newId()),
    email,
    displayName: 'Administrator',
    passwordHash,
    referralCode: undefined,
    visitorId: undefined,
    registeredAt: clock.now(),
  };
  await inDatabaseTransaction(pool, (tx) =>
    bootstrap(new TenantStore(tx, runtime), { tenantId: asTenantId(newId()), owner }),
  );
}
