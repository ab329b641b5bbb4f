import pg from 'pg';

const TIMESTAMPTZ_OID = 1184;
const readAnyMoment: (text: string) => Date = pg.types.getTypeParser(TIMESTAMPTZ_OID, 'text');

/**
 * A timestamptz as Postgres writes it. In UTC that is ISO 8601 but for the `T` and the `Z`, which the engine's own parser
 * takes in a tenth of the time that pg's takes; whatever else there is (other zones, infinity, years BC or past 9999)
 * goes to pg's. Microseconds are cut off to milliseconds.
 */
export function momentOf(text: string): Date {
  const isUtc = text.charCodeAt(4) === DASH && text.charCodeAt(10) === SPACE && text.endsWith('+00');
  return isUtc ? new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`) : readAnyMoment(text);
}

const DASH = 45;
const SPACE = 32;
