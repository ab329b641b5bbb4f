import { asLinkId, asTenantId, asUserId } from '../ids.js';
import type { Brought } from '../links/landing.js';
import { type Click, type CodeTarget, leadSame } from './click.js';

/** What clicks on the same have in common. */
type Target = Omit<CodeTarget, 'location'>;

const ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const TARGET = new RegExp(`^> (${ID}) (${ID}) (\\S{1,200}) (${ID}|-)(?: (".*"))?$`, 's');
const CLICK = new RegExp(`^(${ID}) (${ID}) (\\d{1,15})(?: (\\{.*\\}))?$`, 's');

/** What stands in a journal. */
export interface JournalledClicks {
  readonly clicks: readonly Click[];
  /** Lines of clicks that this version of the service cannot read. */
  readonly unreadable: number;
}

/**
 * Clicks as lines of a journal: one for each, after one that says where it leads wherever that is not the same as before.
 * All of a click is in it but its sender, because address and browser are kept nowhere but in memory.
 */
export function linesOf(clicks: readonly Click[]): string {
  let lines = '';
  let before: Click | undefined;
  for (const click of clicks) {
    if (before === undefined || !leadSame(click, before)) lines += targetLine(click);
    before = click;
    const { id, visitorId, clickedAt, brought } = click;
    lines += `${id} ${visitorId} ${clickedAt.getTime()}${brought === undefined ? '' : ` ${JSON.stringify(brought)}`}\n`;
  }
  return lines;
}

/**
 * The clicks of a journal. What stands after the last end of a line was being written when the process was killed: the
 * answer to it was never sent, and it is no click. The visitor stands for the sender, who is not known any more.
 */
export function clicksOf(journal: string): JournalledClicks {
  const clicks: Click[] = [];
  let unreadable = 0;
  let target: Target | undefined;
  for (const line of journal.split('\n').slice(0, -1)) {
    if (line.startsWith('> ')) {
      target = targetOf(line);
      continue;
    }
    const click = target && clickOf(line, target);
    if (click === undefined) unreadable += 1;
    else clicks.push(click);
  }
  return { clicks, unreadable };
}

function targetLine({ tenantId, ownerId, code, linkId, campaign }: Target): string {
  const link = `> ${tenantId} ${ownerId} ${code} ${linkId ?? '-'}`;
  return campaign === undefined ? `${link}\n` : `${link} ${JSON.stringify(campaign)}\n`;
}

function targetOf(line: string): Target | undefined {
  const [, tenantId, ownerId, code, linkId, campaign] = TARGET.exec(line) ?? [];
  if (!tenantId || !ownerId || !code || !linkId) return undefined;
  const read = campaign === undefined ? undefined : readJson<string>(campaign);
  if (read === null) return undefined;
  return {
    tenantId: asTenantId(tenantId),
    ownerId: asUserId(ownerId),
    code,
    linkId: linkId === '-' ? undefined : asLinkId(linkId),
    campaign: read,
  };
}

function clickOf(line: string, target: Target): Click | undefined {
  const [, id, visitorId, at, more] = CLICK.exec(line) ?? [];
  if (!id || !visitorId || !at) return undefined;
  const brought = more === undefined ? undefined : readJson<Brought>(more);
  if (brought === null) return undefined;
  const sender = { address: '', userAgent: visitorId };
  return { ...target, id, visitorId, clickedAt: new Date(Number(at)), brought, sender };
}

/** Null for what is no JSON. */
function readJson<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
