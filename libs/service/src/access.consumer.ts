import type { CachedApiKeys, Revocations } from '@dailydoco/auth';
import { type ConsumerDefinition, defineConsumer, events, isEvent } from '@dailydoco/events';

/**
 * Takes access away, and gives it back, as identity tells: within seconds on every replica. Each service hears it for
 * itself, in a group of its own, `<service>-access`.
 */
export function accessConsumer(given: {
  service: string;
  revocations: Pick<Revocations, 'record' | 'lift'>;
  apiKeys: Pick<CachedApiKeys, 'evict'>;
}): ConsumerDefinition {
  const { service, revocations, apiKeys } = given;
  return defineConsumer({
    name: `${service}-access`,
    topics: ['identity.events.v1'],
    handles: [events.userSuspended, events.userReactivated, events.apiKeyRevoked],
    async applyBatch(tx, received) {
      for (const event of received) {
        if (isEvent(event, events.userSuspended)) {
          const { userId: subjectId, suspendedAt = event.occurredAt } = event.payload;
          await revocations.record(tx, { subjectKind: 'user', subjectId, revokedAt: suspendedAt });
        } else if (isEvent(event, events.userReactivated)) {
          const { userId: subjectId, reactivatedAt = event.occurredAt } = event.payload;
          await revocations.lift(tx, { subjectKind: 'user', subjectId, liftedAt: reactivatedAt });
        } else if (isEvent(event, events.apiKeyRevoked)) {
          const { apiKeyId: subjectId, keySha256, revokedAt = event.occurredAt } = event.payload;
          await revocations.record(tx, { subjectKind: 'apiKey', subjectId, revokedAt });
          tx.afterCommit(() => apiKeys.evict(keySha256));
        }
      }
    },
  });
}
