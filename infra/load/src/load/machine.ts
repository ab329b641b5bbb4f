import { cpus, totalmem } from 'node:os';

/** The machine that figures were taken on, in a few words. */
export function machine(): string {
  const all = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${all.length} virtual cores (${all[0]?.model.trim() ?? 'unknown'}), ${memory} GiB, Node ${process.versions.node}`;
}

/** Today, as documents write it. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
