import { performance } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { observe } from './metric-store.js';

/** Has the process's own state observed: since when it runs, how busy its event loop is and how much memory it holds. */
export function observeProcess(): void {
  observe('dailydoco_process_start_time_seconds', () => performance.timeOrigin / 1_000);
  let last = performance.eventLoopUtilization();
  observe('dailydoco_process_event_loop_utilization_ratio', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  });
  observe('dailydoco_process_memory_bytes', () => {
    const { rss, heapUsed } = memoryUsage();
    return [
      { value: rss, labels: { kind: 'resident' } },
      { value: heapUsed, labels: { kind: 'heap' } },
    ];
  });
}
