import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** A process of ours, told apart from a later one with the same id by the moment it started. */
export interface ProcessMark {
  readonly name: string;
  readonly pid: number;
  readonly startedAt: string;
}

export interface RunRecord {
  readonly supervisor: ProcessMark;
  readonly processes: readonly ProcessMark[];
  /** Set once everything answers. */
  readonly readyAt?: string;
}

/** The start moment the kernel keeps for a process (Linux), or an empty text where there is no /proc. */
export function startedAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

export function markOf(name: string, pid: number): ProcessMark {
  return { name, pid, startedAt: startedAt(pid) };
}

export function isAlive(mark: ProcessMark): boolean {
  try {
    process.kill(mark.pid, 0);
  } catch {
    return false;
  }
  return startedAt(mark.pid) === mark.startedAt;
}

export function readRunRecord(file: string): RunRecord | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RunRecord) : undefined;
}

/** Whole or not at all: somebody may read it at any moment. */
export function writeRunRecord(file: string, record: RunRecord): void {
  const written = `${file}.new`;
  writeFileSync(written, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(written, file);
}

export function removeRunRecord(file: string): void {
  rmSync(file, { force: true });
}
