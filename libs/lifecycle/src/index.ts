export { type Clock, systemClock, monotonicClock, type NewId, newId } from './clock.js';
export type { Heartbeat, HeartbeatOptions } from './heartbeats.js';
export {
  Lifecycle,
  STOP_STAGES,
  type StopStage,
  type Health,
  type LifecycleOptions,
  type LifecycleLogger,
  type SignalSource,
} from './lifecycle.js';
export { type LoopSigns, PeriodicTask, type PeriodicTaskOptions } from './periodic-task.js';
export { restWhileBusy } from './rest-while-busy.js';
