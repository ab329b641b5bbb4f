import { isbot } from 'isbot';
import { LRUCache } from 'lru-cache';

const MOST_KNOWN = 5_000;
/** What a browser says about itself is far shorter; more is not looked at. */
const MAX_USER_AGENT_LENGTH = 500;

/** Few names are used by many; the verdict costs more than remembering it. */
const verdicts = new LRUCache<string, boolean>({ max: MOST_KNOWN });

/** Why a request is no click of a person. */
export type MachineVisit = 'head' | 'prefetch' | 'bot';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Whether nobody looks at what the request brings: a HEAD, a browser that fetches ahead, or a program that says so in
 * its User-Agent. Undefined: a person's click, as far as can be told.
 */
export function machineVisit({ method, headers }: { method: string; headers: Headers }): MachineVisit | undefined {
  if (method === 'HEAD') return 'head';
  if (isAhead(headers)) return 'prefetch';
  return isBot(headers['user-agent'] ?? '') ? 'bot' : undefined;
}

/** `Sec-Purpose` is the standard's word; the others are what browsers sent before it. */
function isAhead(headers: Headers): boolean {
  return (
    headers['sec-purpose'] !== undefined ||
    headers['x-moz'] === 'prefetch' ||
    headers['purpose'] === 'prefetch' ||
    headers['purpose'] === 'preview' ||
    headers['x-purpose'] === 'preview'
  );
}

function isBot(userAgent: string | string[]): boolean {
  const name = String(userAgent).slice(0, MAX_USER_AGENT_LENGTH);
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const verdict = isbot(name);
  verdicts.set(name, verdict);
  return verdict;
}
