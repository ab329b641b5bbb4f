import { spawn } from 'node:child_process';
import { ensureGoProgram, type ToolOptions } from '@dailydoco/tools';
import { crdFolder, verifierFolder } from './places.js';

/** One thing that an API server would refuse, or let in with a warning. */
export interface Problem {
  readonly object: string;
  readonly rule: 'decode' | 'validation' | 'warning' | 'pod-security' | 'custom-resource' | 'unknown-kind';
  readonly message: string;
}

export interface Verdict {
  /** How many objects were looked at. */
  readonly objects: number;
  readonly problems: readonly Problem[];
}

const TIMEOUT_MS = 60_000;

export function ensureVerifier(options: ToolOptions = {}): Promise<string> {
  return ensureGoProgram({ name: 'verify', moduleFolder: verifierFolder, goPackage: '.' }, options);
}

/** What the API server's own schemas and rules say about rendered objects. */
export async function verify(text: string): Promise<Verdict> {
  const command = await ensureVerifier();
  const child = spawn(command, ['-crds', crdFolder], { stdio: ['pipe', 'pipe', 'inherit'], timeout: TIMEOUT_MS });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stdin.end(text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`verify ended with ${code ?? 'a signal'}`);
  return JSON.parse(Buffer.concat(output).toString('utf8')) as Verdict;
}
