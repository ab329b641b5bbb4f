/** Values by which web analytics tell campaigns apart. */
export interface Utm {
  readonly source?: string;
  readonly medium?: string;
  readonly campaign?: string;
  readonly term?: string;
  readonly content?: string;
}

/** The parameter of a landing page that each UTM value goes into. */
const UTM_PARAMETERS = {
  source: 'utm_source',
  medium: 'utm_medium',
  campaign: 'utm_campaign',
  term: 'utm_term',
  content: 'utm_content',
} as const satisfies Record<keyof Utm, string>;

export const MAX_SUB_IDS = 5;
const SUB_ID_PARAMETERS = Array.from({ length: MAX_SUB_IDS }, (_, index) => `sub${index + 1}`);

/** What a click may bring along to the landing page. */
const PASSED_ON: ReadonlySet<string> = new Set([...Object.values(UTM_PARAMETERS), ...SUB_ID_PARAMETERS]);
const MAX_PASSED_ON_LENGTH = 200;
/** The parameter of a landing page that the signed click id goes into. */
export const CLICK_ID_PARAMETER = 'ddcid';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Scheme, host and port of a page that links may lead to, as browsers compare them: https, or http on this machine;
 * nobody's name and password in it. Undefined for anything else.
 */
export function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, origin, username, password } = new URL(text);
  if (username !== '' || password !== '') return undefined;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname)) ? origin : undefined;
}

/** The parts of a link that say where it leads. */
export interface Landing {
  /** Undefined: the landing page of the installation. */
  readonly landingUrl: string | undefined;
  readonly utm: Utm;
  readonly subIds: readonly string[];
}

/**
 * Where a link leads, its UTM values and sub-ids among the parameters. A page whose origin the tenant allows no more is
 * not gone to: the link leads to `fallback` then, the landing page of the installation.
 */
export function locationOf(link: Landing, given: { origins: readonly string[]; fallback: string }): string {
  const { landingUrl } = link;
  const origin = landingUrl === undefined ? undefined : originOf(landingUrl);
  const allowed = origin !== undefined && given.origins.includes(origin);
  const url = new URL(allowed && landingUrl !== undefined ? landingUrl : given.fallback);
  // A page that was copied from an address bar may carry somebody's.
  if (url.searchParams.has(CLICK_ID_PARAMETER)) url.searchParams.delete(CLICK_ID_PARAMETER);
  for (const [key, parameter] of Object.entries(UTM_PARAMETERS) as [keyof Utm, string][]) {
    const value = link.utm[key];
    if (value !== undefined) url.searchParams.set(parameter, value);
  }
  link.subIds.slice(0, MAX_SUB_IDS).forEach((value, index) => url.searchParams.set(`sub${index + 1}`, value));
  return url.href;
}

/** What a click brought along for the landing page: UTM values and sub-ids, each up to 200 characters. */
export type Brought = Readonly<Record<string, string>>;

/** What a click brought; everything else in the query stays behind. Undefined: nothing. */
export function broughtBy(query: Readonly<Record<string, unknown>>): Brought | undefined {
  let brought: Record<string, string> | undefined;
  for (const name in query) {
    const value = query[name];
    if (!PASSED_ON.has(name) || !isPassedOn(value)) continue;
    brought ??= {};
    brought[name] = value;
  }
  return brought;
}

/** Adds to a location what the click brought and the location does not name yet. */
export function passOn(location: string, brought: Brought | undefined): string {
  if (brought === undefined) return location;
  const url = new URL(location);
  for (const [name, value] of Object.entries(brought)) {
    if (!url.searchParams.has(name)) url.searchParams.set(name, value);
  }
  return url.href;
}

/** Adds the signed click id to a location; `clickId` needs no encoding. By hand, because every redirect does it. */
export function withClickId(location: string, clickId: string): string {
  const end = location.indexOf('#');
  const page = end < 0 ? location : location.slice(0, end);
  const added = `${page}${page.includes('?') ? '&' : '?'}${CLICK_ID_PARAMETER}=${clickId}`;
  return end < 0 ? added : added + location.slice(end);
}

/** The database keeps neither NUL nor half a character. */
function isPassedOn(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_PASSED_ON_LENGTH) return false;
  return value.isWellFormed() && !value.includes('\0');
}
