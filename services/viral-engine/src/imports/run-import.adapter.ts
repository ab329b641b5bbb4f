import { rm } from 'node:fs/promises';
import { CheckLines, type ImportReads, type LineProblem } from './check-lines.js';
import type { ImportArguments } from './import-arguments.js';
import { ImportLines, type ImportLinesDependencies, type ImportProgress } from './import-lines.js';
import { type FileFacts, inspectFile, ProgressFile, readLines } from './purchase-file.adapter.js';

export interface RunImportDependencies extends Pick<ImportLinesDependencies, 'record' | 'pause'> {
  readonly reads: ImportReads;
  readonly clock: { now(): Date };
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Bad lines that are named; further ones are only counted. */
const MAX_NAMED = 1_000;

/**
 * Checks a file as a whole, and imports it unless that found a bad line. Gives the exit code: 0 when everything that was
 * wanted was done. Throws FileProblem and ImportStopped.
 */
export async function runImport(wanted: ImportArguments, dependencies: RunImportDependencies): Promise<0 | 1> {
  const { out } = dependencies;
  const facts = await inspectFile(wanted.file, wanted);
  const progressFile = new ProgressFile(wanted.progressFile, { digest: facts.digest, tenantId: wanted.tenantId });
  const begun = await progressFile.load();
  const { lines, good, bad } = await check(wanted, facts, dependencies);
  out.write(`checked: ${lines} lines, ${good} good, ${bad} bad\n`);
  if (bad > 0 && !wanted.skipBadLines) {
    out.write('nothing was imported\n');
    return 1;
  }
  if (wanted.dryRun) {
    out.write('nothing was imported: this was a dry run\n');
    return bad > 0 ? 1 : 0;
  }
  if (begun !== undefined) out.write(`going on after line ${begun.line}\n`);
  const done = await importAll(wanted, { facts, begun, progressFile, dependencies });
  out.write(
    `imported: ${done.recorded} recorded, ${done.unattributed} unattributed, ${done.existing} recorded before, ${done.bad} bad\n`,
  );
  await rm(wanted.progressFile, { force: true });
  return done.bad > 0 ? 1 : 0;
}

async function check(wanted: ImportArguments, { bytes }: FileFacts, dependencies: RunImportDependencies) {
  const { reads, clock, err } = dependencies;
  const bar = new ProgressBar(err, 'checking', bytes);
  const check = new CheckLines({ reads, clock, report: reporter(err, bar) });
  for await (const lines of readLines(wanted.file, wanted.tenantId, (read) => bar.show(read))) {
    await check.check(wanted.tenantId, lines);
  }
  bar.end();
  return check.counts;
}

async function importAll(
  wanted: ImportArguments,
  given: {
    facts: FileFacts;
    begun: ImportProgress | undefined;
    progressFile: ProgressFile;
    dependencies: RunImportDependencies;
  },
): Promise<ImportProgress> {
  const { facts, begun, progressFile, dependencies } = given;
  const { record, pause, err } = dependencies;
  const bar = new ProgressBar(err, 'importing', facts.bytes);
  const importing = new ImportLines(
    {
      record,
      pause,
      save: (progress) => progressFile.save(progress),
      report: reporter(err, bar),
      skipBadLines: wanted.skipBadLines,
    },
    begun ?? { line: 1, recorded: 0, unattributed: 0, existing: 0, bad: 0 },
  );
  for await (const lines of readLines(wanted.file, wanted.tenantId, (read) => bar.show(read))) {
    await importing.import(lines);
  }
  bar.end();
  return importing.progress;
}

function reporter(err: RunImportDependencies['err'], bar: ProgressBar) {
  let named = 0;
  return (line: number, problems: readonly LineProblem[]): void => {
    named += 1;
    if (named > MAX_NAMED + 1) return;
    bar.clear();
    if (named > MAX_NAMED) err.write(`… more bad lines than ${MAX_NAMED}: the rest is only counted\n`);
    else err.write(`line ${line}: ${problems.map(sentence).join('; ')}\n`);
  };
}

function sentence({ column, message }: LineProblem): string {
  return column === undefined ? message : `${column} ${message}`;
}

const WIDTH = 30;

/** How much of the file is behind us; on a terminal only. */
class ProgressBar {
  readonly #err: RunImportDependencies['err'];
  readonly #label: string;
  readonly #bytes: number;

  constructor(err: RunImportDependencies['err'], label: string, bytes: number) {
    this.#err = err;
    this.#label = label;
    this.#bytes = bytes;
  }

  show(read: number): void {
    if (this.#err.isTTY !== true) return;
    const share = Math.min(1, read / this.#bytes);
    const filled = Math.round(share * WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    this.#err.write(`\r${this.#label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`);
  }

  clear(): void {
    if (this.#err.isTTY === true) this.#err.write('\r\u001B[2K');
  }

  end(): void {
    this.show(this.#bytes);
    if (this.#err.isTTY === true) this.#err.write('\n');
  }
}
