import { createRequire } from 'node:module';

/** The part of kafkajs' queue of requests, one for each connection, that is mended here. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
  prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;
if (typeof schedule !== 'function')
  throw new Error('kafkajs has another queue of requests than the one that is mended');

/**
 * kafkajs 2.2.4 looks for waiting requests again after each look, also where none waits, and without a throttle after a
 * negative time, which is a millisecond: each connection wakes its process a thousand times a second for ever
 * (https://github.com/tulios/kafkajs/issues/1704, /1751). Nothing needs that look: whatever has to wait asks for it itself.
 */
prototype.scheduleCheckPendingRequests = function scheduleWhereSomethingWaits(this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this);
};
