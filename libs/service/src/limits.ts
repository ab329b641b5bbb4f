import { EventLoopPressure, LoadShedder } from '@dailydoco/resilience';
import { z } from 'zod';

/** How much a replica takes on: part of every service's settings. */
export const limitSettings = {
  HTTP_IN_FLIGHT_MAX: z.coerce.number().int().min(1).max(100_000).default(1_000).meta({
    description: 'Most HTTP requests of one replica at a time; one more is told 503 OVERLOADED before it is begun.',
    unit: 'requests',
  }),
  GRPC_IN_FLIGHT_MAX: z.coerce.number().int().min(1).max(100_000).default(1_000).meta({
    description: 'Most gRPC calls of one replica at a time, streams included; health is not counted.',
    unit: 'calls',
  }),
  EVENT_LOOP_DELAY_MAX_MS: z.coerce.number().int().min(10).max(10_000).default(200).meta({
    description:
      'How late the event loop may run on average; while it is later, a growing share of new work is told 503.',
    unit: 'ms',
  }),
  DATABASE_ACQUIRE_TIMEOUT_MS: z.coerce.number().int().min(50).max(60_000).default(3_000).meta({
    description: 'Longest wait for a connection to the database; then 503.',
    unit: 'ms',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: statementTimeoutMs(15_000),
};

/** A service of long statements gives them more than the usual 15 s. */
export function statementTimeoutMs(usual: number) {
  return z.coerce.number().int().min(100).max(600_000).default(usual).meta({
    description: 'The database gives a statement up that takes longer; so does the service, a second later.',
    unit: 'ms',
  });
}

export type LimitConfig = z.output<z.ZodObject<typeof limitSettings>>;

/** What turns work away at the two ways in, before it is begun. */
export interface Shedders {
  readonly http: LoadShedder;
  readonly grpc: LoadShedder;
  readonly close: () => void;
}

/** Both look at the same event loop: it is the process that is overloaded, whichever way the work came. */
export function sheddersOf(config: LimitConfig): Shedders {
  const pressure = new EventLoopPressure({ delayMaxMs: config.EVENT_LOOP_DELAY_MAX_MS });
  return {
    http: new LoadShedder({ edge: 'http', inFlightMax: config.HTTP_IN_FLIGHT_MAX, pressure }),
    grpc: new LoadShedder({ edge: 'grpc', inFlightMax: config.GRPC_IN_FLIGHT_MAX, pressure }),
    close: () => pressure.close(),
  };
}
