import { readFileSync } from 'node:fs';
import type { Fleet } from '@dailydoco/local';
import { newSales, type Sale, streamSales } from './bulk-stream.js';
import { median } from './http-load.js';

/** Purchases between two looks at the memory. */
const STEP = 20_000;
/** What a process takes up to here is warming up. */
const WARM = 100_000;

export interface MemoryFigures {
  /** Medians of the resident memory of viral-engine, in bytes. */
  readonly early: number;
  readonly late: number;
  readonly highest: number;
}

/** Streams purchases one after the other and looks at the resident memory of the process that takes them. */
export async function memoryOverPurchases(options: {
  readonly fleet: Fleet;
  readonly apiKey: string;
  readonly buyerIds: readonly string[];
  readonly purchases: number;
  readonly externalIdPrefix: string;
  readonly amountMicros: bigint;
  readonly note: (text: string) => void;
}): Promise<MemoryFigures> {
  const { fleet, apiKey, purchases, note } = options;
  const sales = newSales(options);
  const early: number[] = [];
  const late: number[] = [];
  for (let sent = 0; sent < purchases; sent += STEP) {
    await streamSales({ fleet, apiKey, sales: take(sales, STEP), onRecorded: () => undefined });
    const bytes = residentBytes(fleet);
    if (sent >= WARM) (sent < purchases / 2 ? early : late).push(bytes);
    note(`${sent + STEP} purchases: ${mebibytes(bytes)}`);
  }
  return { early: median(early), late: median(late), highest: Math.max(...early, ...late) };
}

function* take(sales: Iterator<Sale>, count: number): Generator<Sale> {
  for (let index = 0; index < count; index += 1) {
    const next = sales.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function residentBytes({ processes }: Fleet): number {
  const pid = processes.get('viral-engine')?.pid;
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error('viral-engine does not run');
  return Number(kibibytes) * 1_024;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
