import { gauge, histogram } from '@dailydoco/telemetry';
import { statusNameOf } from './wire-status.js';

const DURATIONS = {
  client: histogram('dailydoco_grpc_client_duration_seconds'),
  server: histogram('dailydoco_grpc_server_duration_seconds'),
};
const IN_FLIGHT = {
  client: gauge('dailydoco_grpc_client_in_flight_calls'),
  server: gauge('dailydoco_grpc_server_in_flight_calls'),
};

/** Counts a call as under way; the function returned says how it ended (undefined: well) and counts once. */
export function measureCall(side: 'client' | 'server', method: string): (error?: unknown) => void {
  const startedMs = performance.now();
  let ended = false;
  IN_FLIGHT[side].add(1, { method });
  return (error) => {
    if (ended) return;
    ended = true;
    IN_FLIGHT[side].add(-1, { method });
    DURATIONS[side].record((performance.now() - startedMs) / 1_000, { method, status: statusNameOf(error) });
  };
}
