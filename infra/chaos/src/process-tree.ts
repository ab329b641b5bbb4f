import { readdirSync, readFileSync } from 'node:fs';

/** Parent of each process of the machine. */
function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      // The command's name stands in parentheses and may hold anything; the parent is the second field after it.
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      found.set(Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** The process and all that descend from it: of Postgres every connection is a process of its own. */
export function processTree(pid: number): number[] {
  const all = [...parents()];
  const tree = [pid];
  for (const member of tree) tree.push(...all.filter(([, parent]) => parent === member).map(([child]) => child));
  return tree;
}

/** Sends a signal to all of them; who has ended meanwhile needs none. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
