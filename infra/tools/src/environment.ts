import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a tool that could not be provided says: what is missing, why, and what to do. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Where progress is told; each text replaces the one before it. */
export interface ToolOptions {
  readonly onProgress?: (text: string) => void;
}

/** The environment that programs are started in; the only place that reads it. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}

/** The folder of what is fetched or built once and shared by all clones of the repository. */
export function cacheFolder(): string {
  const folder = environment()['DAILYDOCO_CACHE_DIR'] ?? join(homedir(), '.cache', 'dailydoco');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The folders in which programs are looked for, in order. */
export function searchPath(): string[] {
  return (environment()['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}
