import { parseArgs } from 'node:util';
import { type AnchorCheck, checkAnchor } from './anchor.js';
import { asJson, asText } from './report-text.js';
import { readEarlier } from './verify-earlier.js';
import { type VerifyReport, verifyStatement } from './verify-statement.js';

/** What the command needs of the world. */
export interface World {
  /** Throws when there is no such file. */
  readonly read: (path: string) => Uint8Array;
  readonly write: (text: string) => unknown;
  readonly complain: (text: string) => unknown;
  /** Used only when an anchor is asked for. */
  readonly fetch: typeof fetch;
}

const USAGE = `Verifies a statement of commissions without access to whoever made it.

  dailydoco-verify statement.json [part-2.json …] [options]

  --key VKEY|FILE     a key of the log, as text or in a file (one a line); may be given several times
  --earlier FILE      a checkpoint or statement you kept: the log must go on from it
  --rpc URL --contract ADDRESS
                      also compare with the anchors of this log on an EVM chain
  --json              the report as JSON
  --help

Exit code: 0 nothing found, 1 something found, 2 the command could not be run.
`;

/** The command: reads, verifies, prints. Returns the exit code. */
export async function runVerifier(args: readonly string[], world: World): Promise<number> {
  const given = readArguments(args);
  if (given === undefined || (given.files.length === 0 && !given.help)) {
    world.complain(USAGE);
    return 2;
  }
  if (given.help) {
    world.write(USAGE);
    return 0;
  }
  try {
    const report = verifyFiles(given, world);
    const anchor = await anchorOf(given, report, world);
    const ok = report.ok && (anchor === undefined || anchor.findings.length === 0);
    world.write(given.json ? asJson(report, anchor) : asText(report, anchor));
    return ok ? 0 : 1;
  } catch (error) {
    world.complain(`dailydoco-verify: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

interface Arguments {
  readonly files: readonly string[];
  readonly keys: readonly string[];
  readonly earlier: string | undefined;
  readonly rpc: string | undefined;
  readonly contract: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string', multiple: true, default: [] },
        earlier: { type: 'string' },
        rpc: { type: 'string' },
        contract: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { key, earlier, rpc, contract, json, help } = values;
    if ((rpc === undefined) !== (contract === undefined)) return undefined;
    return { files: positionals, keys: key, earlier, rpc, contract, json, help };
  } catch {
    return undefined;
  }
}

function verifyFiles(given: Arguments, world: World): VerifyReport {
  const keys = given.keys.flatMap((key) => keysOf(key, world));
  const files = given.files.map((path) => world.read(path));
  const earlier = given.earlier === undefined ? undefined : readEarlier(world.read(given.earlier), keys);
  if (earlier === undefined || !('code' in earlier)) return verifyStatement(files, { keys, earlier });
  const report = verifyStatement(files, { keys });
  return { ...report, ok: false, findings: [...report.findings, earlier] };
}

/** A vkey has two plus signs and a name before them; anything else is a file with one key a line. */
function keysOf(given: string, world: World): string[] {
  if (/^[^+\s]+\+[0-9a-f]{8}\+/.test(given)) return [given];
  const lines = Buffer.from(world.read(given)).toString('utf8').split('\n');
  const keys = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (keys.length === 0) throw new Error(`${given} holds no key`);
  return keys;
}

/** An anchor says something only about a statement that is right by itself. */
async function anchorOf(
  { rpc, contract }: Arguments,
  { checkpoint, earlier, ok }: VerifyReport,
  { fetch }: World,
): Promise<AnchorCheck | undefined> {
  if (rpc === undefined || contract === undefined || checkpoint === undefined || !ok) return undefined;
  return checkAnchor(earlier === undefined ? [checkpoint] : [checkpoint, earlier], { rpc, contract, fetch });
}
