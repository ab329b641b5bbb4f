import { closeSync, ftruncateSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { counter, type Logger } from '@dailydoco/telemetry';
import type { Click } from './click.js';
import { clicksOf, type JournalledClicks, linesOf } from './click-lines.js';

const unjournalled = counter('dailydoco_clicks_unjournalled_total');

/** From this size on a file gives way to the other one, once that is empty. */
const USUAL_BYTES = 1_048_576;
/** Most that stands in one file: 100,000 clicks of a busy link in two of them. */
const MAX_BYTES = 16_777_216;
/** Longest path of a socket, in bytes: systems cut off the rest of a longer one without a word. */
const MAX_SOCKET_PATH = 103;
/** The process whose file it is, and its number: 0 and 1 are written to, the others were taken over. */
const FILE_NAME = /^([0-9a-f]{8})\.(\d+)\.clicks$/;

export interface ClickJournalParts {
  /** A folder of this machine, for nothing else. */
  readonly folder: string;
  readonly logger: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Size from which a file gives way to the other; a mebibyte unless told. */
  readonly usualBytes?: number;
  /** Most bytes of one file; 16 mebibytes unless told. */
  readonly maxBytes?: number;
}

/** What a killed process left behind: its clicks, and how to be rid of them. */
export interface LeftBehind extends JournalledClicks {
  readonly forget: () => Promise<void>;
}

/** One of the two files of a journal. */
interface JournalFile {
  readonly path: string;
  readonly descriptor: number;
  bytes: number;
  /** Clicks in it that are not stored yet. */
  open: number;
}

/**
 * What is logged and not stored yet, in files of this machine, so that a process that is killed loses none of it. Written
 * through to the system and not to the disk: that outlives the process and costs no wait, and a lost machine loses it.
 * Each file is emptied when all that stands in it is stored. Whether a process lives is asked of the system: one that does
 * listens on a socket beside its files, whichever container it runs in.
 */
export class ClickJournal {
  readonly #parts: Required<ClickJournalParts>;
  readonly #id: string;
  #server: Server | undefined;
  #files: [JournalFile, JournalFile] | undefined;
  #failing = false;
  /** The number of the file that is taken over next. */
  #next = 2;

  constructor(parts: ClickJournalParts) {
    this.#parts = { usualBytes: USUAL_BYTES, maxBytes: MAX_BYTES, ...parts };
    this.#id = Buffer.from(parts.randomBytes(4)).toString('hex');
  }

  /** Makes the folder where there is none. Rejects when nothing can be written there. */
  async open(): Promise<void> {
    mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
    const bytes = Buffer.byteLength(this.#socketOf(this.#id));
    if (bytes > MAX_SOCKET_PATH)
      throw new Error(`CLICK_JOURNAL_DIR is too long by ${bytes - MAX_SOCKET_PATH} bytes for a socket in it`);
    const server = createServer((socket) => socket.destroy()).unref();
    await once(server.listen(this.#socketOf(this.#id)), 'listening');
    this.#server = server;
    this.#files = [this.#openFile(0), this.#openFile(1)];
  }

  /** Adds clicks, at most a turn's. Never throws; returns what to call when they are all stored or given up. */
  append(clicks: readonly Click[]): () => void {
    const file = this.#roomyFile();
    if (file === undefined) return this.#fail(clicks, new Error('The journal is full or not open'));
    const text = linesOf(clicks);
    const size = Buffer.byteLength(text);
    try {
      if (writeSync(file.descriptor, text) !== size) throw new Error('The journal took a part only');
    } catch (error) {
      this.#truncate(file, file.bytes);
      return this.#fail(clicks, error);
    }
    this.#failing = false;
    file.bytes += size;
    file.open += clicks.length;
    return () => this.#settle(file, clicks.length);
  }

  /** Ends the journal. What is not stored by now stays for the next process. */
  async close(): Promise<void> {
    const files = this.#files ?? [];
    this.#files = undefined;
    for (const { descriptor, path, open } of files) {
      closeSync(descriptor);
      if (open === 0) unlinkSync(path);
      else this.#parts.logger.warn({ clicks: open }, 'clicks were not stored in time; they stay in the journal');
    }
    this.#server?.close();
  }

  /**
   * What processes left behind that live no more, file by file. Each file is taken over first, so that no two processes
   * get it; until it is forgotten, whoever asks again gets it again, this process or the one after it.
   */
  async *leftBehind(): AsyncGenerator<LeftBehind> {
    for (const name of await readdir(this.#parts.folder)) {
      const [, owner, number] = FILE_NAME.exec(name) ?? [];
      if (owner === undefined || number === undefined) continue;
      const path = owner === this.#id ? this.#takenBefore(number, name) : await this.#take(owner, name);
      if (path !== undefined) yield { ...clicksOf(await readFile(path, 'utf8')), forget: () => rm(path) };
    }
  }

  #takenBefore(number: string, name: string): string | undefined {
    return Number(number) < 2 ? undefined : join(this.#parts.folder, name);
  }

  /** Where the file is from now on; undefined while its process lives, or when another one was faster. */
  async #take(owner: string, name: string): Promise<string | undefined> {
    if (await this.#lives(owner)) return undefined;
    const path = this.#pathOf(this.#next++);
    try {
      await rename(join(this.#parts.folder, name), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    await rm(this.#socketOf(owner), { force: true });
    return path;
  }

  /** From the working folder where that is shorter: a deep checkout may be too deep for a socket's path. */
  #socketOf(id: string): string {
    const path = join(this.#parts.folder, `${id}.sock`);
    const fromHere = relative('', path);
    return fromHere.length < path.length ? fromHere : path;
  }

  #pathOf(number: number): string {
    return join(this.#parts.folder, `${this.#id}.${number}.clicks`);
  }

  #openFile(number: number): JournalFile {
    const path = this.#pathOf(number);
    return { path, descriptor: openSync(path, 'ax', 0o600), bytes: 0, open: 0 };
  }

  /** The first of the two is written to until the other is empty and gets its turn. */
  #roomyFile(): JournalFile | undefined {
    if (this.#files === undefined) return undefined;
    const { usualBytes, maxBytes } = this.#parts;
    if (this.#files[0].bytes >= usualBytes && this.#files[1].bytes === 0) this.#files.reverse();
    return this.#files[0].bytes < maxBytes ? this.#files[0] : undefined;
  }

  #settle(file: JournalFile, clicks: number): void {
    file.open -= clicks;
    if (file.open === 0 && this.#files !== undefined) this.#truncate(file, 0);
  }

  #truncate(file: JournalFile, bytes: number): void {
    try {
      ftruncateSync(file.descriptor, bytes);
      file.bytes = bytes;
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'a journal of clicks was not emptied');
    }
  }

  #fail(clicks: readonly Click[], error: unknown): () => void {
    unjournalled.add(clicks.length);
    if (!this.#failing) this.#parts.logger.warn({ err: error }, 'clicks are not journalled; a kill would lose them');
    this.#failing = true;
    return () => undefined;
  }

  /** The socket of a process that was killed refuses, or is not there; anything else may be a process that is busy. */
  async #lives(id: string): Promise<boolean> {
    const socket = connect(this.#socketOf(id));
    try {
      await once(socket, 'connect');
      return true;
    } catch (error) {
      return !['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '');
    } finally {
      socket.destroy();
    }
  }
}
