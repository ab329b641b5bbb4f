/** What Prometheus calls the parts of the fleet: the label `job` of everything that is read from them. */
export const SERVICES = ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What one service has of the parts that most, but not all of them have. */
export interface ServiceParts {
  /** Publishes events of its own. */
  readonly outbox: boolean;
  /** Collects what many callers write into one commit. */
  readonly groupWriter: boolean;
  /** Calls other services by gRPC. */
  readonly callsOthers: boolean;
}

export const PARTS: Readonly<Record<ServiceName, ServiceParts>> = {
  identity: { outbox: true, groupWriter: false, callsOthers: true },
  'viral-engine': { outbox: true, groupWriter: true, callsOthers: true },
  payouts: { outbox: true, groupWriter: false, callsOthers: true },
  analytics: { outbox: false, groupWriter: true, callsOthers: true },
  'website-builder': { outbox: true, groupWriter: false, callsOthers: true },
  'ai-gateway': { outbox: true, groupWriter: false, callsOthers: true },
};

/** A model's provider decides how long ai-gateway takes and whether it can answer: objectives about requests leave it out. */
export const OWN_PACE: readonly ServiceName[] = SERVICES.filter((name) => name !== 'ai-gateway');

/** `job=~"a|b"` */
export function anyJob(names: readonly string[]): string {
  return `job=~"${names.join('|')}"`;
}

/** The recorded namespaces that a fleet runs in: who else has a Kong or volumes in the cluster is not ours to watch. */
export const FLEET_NAMESPACES = 'dailydoco:fleet_namespaces';

/** What is recorded as such. A day back, so that a fleet that is wholly down is still one. */
export const FLEET_NAMESPACES_EXPR = 'group by (namespace) (last_over_time(dailydoco_process_start_time_seconds[1d]))';
