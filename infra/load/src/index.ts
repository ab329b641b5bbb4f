export { type Audit, audit } from './faults/audit.js';
export { expectedEarnings } from './faults/expected.js';
export { bringBack } from './faults/scenarios.js';
export { machine, today } from './load/machine.js';
export { writeRaisedLimits } from './load/raised-limits.js';
export { makeWorld, ownerToken, Session, type World } from './world.js';
