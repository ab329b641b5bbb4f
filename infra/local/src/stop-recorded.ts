import { setTimeout as wait } from 'node:timers/promises';
import { isAlive, type ProcessMark, type RunRecord, removeRunRecord } from './run-record.js';

/** Longer than the supervisor's own bound per process. */
const SUPERVISOR_TIMEOUT_MS = 60_000;
const LEFTOVER_TIMEOUT_MS = 20_000;

async function gone(mark: ProcessMark, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(mark)) {
    if (Date.now() > deadline) return false;
    await wait(100);
  }
  return true;
}

/**
 * Stops exactly the processes of a record. The supervisor is asked first, because it knows the right order; whatever it left
 * (it may have been killed) is ended by its own mark, never by name.
 */
export async function stopRecorded(record: RunRecord, runFile: string, say: (text: string) => void): Promise<void> {
  if (isAlive(record.supervisor)) {
    process.kill(record.supervisor.pid, 'SIGTERM');
    if (!(await gone(record.supervisor, SUPERVISOR_TIMEOUT_MS))) {
      say('the supervisor does not answer; ending it');
      process.kill(record.supervisor.pid, 'SIGKILL');
    }
  }
  const left = record.processes.filter(isAlive);
  // Services before stores: the record lists the stores first.
  for (const mark of left.toReversed()) {
    say(`ending ${mark.name} (process ${mark.pid}), left over from a run that was cut off`);
    // SIGINT is Postgres's fast shutdown; the others take it as an ordinary end.
    if (isAlive(mark)) process.kill(mark.pid, mark.name === 'postgres' ? 'SIGINT' : 'SIGTERM');
    if (!(await gone(mark, LEFTOVER_TIMEOUT_MS)) && isAlive(mark)) process.kill(mark.pid, 'SIGKILL');
  }
  removeRunRecord(runFile);
}
