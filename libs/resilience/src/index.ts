export { Breaker, type BreakerLogger, type BreakerOptions, type Verdict, verdictOn } from './breaker.js';
export { Bulkhead, type BulkheadOptions, type Patience } from './bulkhead.js';
export { EventLoopPressure, type EventLoopPressureOptions, type Pressure } from './event-loop-pressure.js';
export { LoadShedder, type LoadShedderOptions } from './load-shedder.js';
export { type Passage, PeerGuard, type PeerGuardOptions } from './peer-guard.js';
