import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse';
import type { TenantId } from '../ids.js';
import { BATCH, type ReadLine } from './check-lines.js';
import type { ImportProgress } from './import-lines.js';
import { headerProblems, readLine } from './purchase-line.codec.js';

/** The file as a whole cannot be read; the message says where and why. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

const MAX_LINE_BYTES = 65_536;

/** What is known of a file before its lines are read. */
export interface FileFacts {
  readonly bytes: number;
  /** SHA-256, so that an import goes on only in the very file that it began with. */
  readonly digest: string;
}

/** Throws FileProblem for an empty file, and for one whose last line has no line break: it may have been cut off. */
export async function inspectFile(path: string, { allowOpenEnd }: { allowOpenEnd: boolean }): Promise<FileFacts> {
  const bytes = await sizeOf(path);
  if (bytes === 0) throw new FileProblem('the file is empty');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  if (!allowOpenEnd && (await lastByteOf(path, bytes)) !== 0x0a) {
    throw new FileProblem(
      'the last line does not end with a line break, so the file may have been cut off; if it is whole, say --allow-open-end',
    );
  }
  return { bytes, digest: hash.digest('hex') };
}

/**
 * The lines below the header, in batches, with their numbers as an editor shows them. `onBytes` hears how much of the
 * file was read. Throws FileProblem for a wrong header, and where quotes make it impossible to tell lines apart.
 */
export async function* readLines(
  path: string,
  tenantId: TenantId,
  onBytes: (bytes: number) => void,
): AsyncGenerator<ReadLine[]> {
  // A byte-order mark is what some spreadsheets begin a file with; it says nothing.
  const parser = parse({ bom: true, info: true, relax_column_count: true, max_record_size: MAX_LINE_BYTES });
  const source = createReadStream(path);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let header: string[] | undefined;
  let batch: ReadLine[] = [];
  let nextLine = 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      const line = nextLine;
      nextLine = info.lines + 1;
      if (header === undefined) {
        header = checkedHeader(record);
        continue;
      }
      if (record.length === 1 && record[0] === '') continue;
      batch.push({ line, ...readLine(header, record, tenantId) });
      if (batch.length === BATCH) {
        onBytes(info.bytes);
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    throw error instanceof CsvError ? new FileProblem(`line ${nextLine}: ${plain(error)}`) : error;
  } finally {
    source.destroy();
  }
  if (header === undefined) throw new FileProblem('the file has no header');
  if (batch.length > 0) yield batch;
}

interface ParsedRecord {
  readonly record: string[];
  readonly info: { readonly lines: number; readonly bytes: number };
}

function checkedHeader(record: readonly string[]): string[] {
  const header = record.map((name) => name.trim());
  const problems = headerProblems(header);
  if (problems.length > 0) throw new FileProblem(`line 1: ${problems.join('; ')}`);
  return header;
}

function plain({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') {
    return 'a quotation mark that begins here is never closed: the file may have been cut off';
  }
  if (code === 'CSV_MAX_RECORD_SIZE') return `the line is longer than ${MAX_LINE_BYTES} bytes`;
  return `the line cannot be read (${code})`;
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    throw new FileProblem(`there is no file ${path}`);
  }
}

async function lastByteOf(path: string, bytes: number): Promise<number | undefined> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, bytes - 1);
    return buffer[0];
  } finally {
    await file.close();
  }
}

interface StoredProgress extends ImportProgress {
  readonly digest: string;
  readonly tenantId: string;
}

/** How far an import came, beside the file or wherever it is told. */
export class ProgressFile {
  readonly #path: string;
  readonly #of: { readonly digest: string; readonly tenantId: TenantId };

  constructor(path: string, of: { digest: string; tenantId: TenantId }) {
    this.#path = path;
    this.#of = of;
  }

  /** Undefined: nothing was begun. Throws FileProblem when what was begun is another file, or another tenant's. */
  async load(): Promise<ImportProgress | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    const { digest, tenantId, ...progress } = JSON.parse(text) as StoredProgress;
    if (digest !== this.#of.digest || tenantId !== this.#of.tenantId) {
      throw new FileProblem(`${this.#path} is the progress of another file or tenant; delete it to begin anew`);
    }
    return progress;
  }

  /** Whole or not at all, also when the machine goes down. */
  async save(progress: ImportProgress): Promise<void> {
    const next = `${this.#path}.next`;
    await writeFile(next, JSON.stringify({ ...progress, ...this.#of }), { flush: true, mode: 0o600 });
    await rename(next, this.#path);
  }
}
