import { cpus } from 'node:os';
import Table from 'cli-table3';

/** One line of the bench: what was measured, beside what limits it, in the same run. */
export interface Figure {
  readonly what: string;
  readonly figure: string;
  readonly limit: string;
  readonly ratio: string;
  readonly wanted: string;
}

export const rate = (perSecond: number): string => `${Math.round(perSecond).toLocaleString('en')}/s`;
export const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
export const times = (part: number, whole: number): string => `${(part / whole).toFixed(1)} ×`;

export function report(figures: readonly Figure[], how: string): string {
  const table = new Table({ head: ['what', 'figure', 'limit', 'ratio', 'wanted'], style: { head: [], border: [] } });
  for (const { what, figure, limit, ratio, wanted } of figures) table.push([what, figure, limit, ratio, wanted]);
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown processor'}, Node ${process.versions.node}`;
  return `${table.toString()}\n${machine}; stores, services and load on the same machine; ${how}; \`npm run bench\``;
}
