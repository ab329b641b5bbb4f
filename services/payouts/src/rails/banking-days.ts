const [DAY_MS, SUNDAY, MONDAY, THURSDAY, SATURDAY] = [86_400_000, 0, 1, 4, 6];

/** Whether banks settle on a day. Days are dates in UTC, whatever the time of day. */
export type BankingDays = (day: Date) => boolean;

/**
 * Days on which TARGET (T2), by which SEPA settles, is open: all but Saturdays, Sundays, 1 January, Good Friday, Easter
 * Monday, 1 May, 25 and 26 December. Source: the long-term calendar of the European Central Bank (press release of
 * 14 December 2000, in force since 2002).
 */
export const isTargetDay: BankingDays = (day) => {
  if (isWeekend(day)) return false;
  const [year, month, date] = partsOf(day);
  if (['1-1', '5-1', '12-25', '12-26'].includes(`${month}-${date}`)) return false;
  const sinceEaster = Math.round((midnightOf(day) - easterSundayOf(year)) / DAY_MS);
  return sinceEaster !== -2 && sinceEaster !== 1;
};

/**
 * Days on which the Federal Reserve Banks, by which ACH settles, are open: all but Saturdays, Sundays and the holidays of
 * 5 U.S.C. 6103(a), among them Juneteenth since 2021. A holiday that falls on a Sunday is kept on the Monday after; for one
 * that falls on a Saturday the Reserve Banks are open on the Friday before. Source: the Federal Reserve Banks' holiday
 * schedules (frbservices.org, "Holiday schedules").
 */
export const isFederalReserveDay: BankingDays = (day) => {
  if (isWeekend(day)) return false;
  const [year, month, date] = partsOf(day);
  if (isFixedFederalHoliday(year, month, date)) return false;
  const keptForSunday = partsOf(new Date(midnightOf(day) - DAY_MS));
  if (day.getUTCDay() === MONDAY && isFixedFederalHoliday(...keptForSunday)) return false;
  const weekday = day.getUTCDay();
  const nth = Math.ceil(date / 7);
  const isLast = partsOf(new Date(midnightOf(day) + 7 * DAY_MS))[1] !== month;
  if (weekday === MONDAY) {
    // Martin Luther King, Washington, Memorial, Labor, Columbus.
    if ((month === 1 || month === 2) && nth === 3) return false;
    if (month === 5 && isLast) return false;
    if (month === 9 && nth === 1) return false;
    if (month === 10 && nth === 2) return false;
  }
  // Thanksgiving.
  return !(weekday === THURSDAY && month === 11 && nth === 4);
};

/** The day itself when banks settle on it, else the next one on which they do; at midnight UTC. */
export function bankingDayFrom(day: Date, isOpen: BankingDays): Date {
  let at = new Date(midnightOf(day));
  while (!isOpen(at)) at = new Date(at.getTime() + DAY_MS);
  return at;
}

/** The first day after this one on which banks settle; at midnight UTC. */
export function bankingDayAfter(day: Date, isOpen: BankingDays): Date {
  return bankingDayFrom(new Date(day.getTime() + DAY_MS), isOpen);
}

/** New Year, Juneteenth, Independence, Veterans, Christmas. */
function isFixedFederalHoliday(year: number, month: number, date: number): boolean {
  if (month === 6 && date === 19) return year >= 2021;
  return ['1-1', '7-4', '11-11', '12-25'].includes(`${month}-${date}`);
}

/** Easter Sunday of a year of the Gregorian calendar, as milliseconds since 1970: the algorithm of Meeus, Jones and Butcher. */
function easterSundayOf(year: number): number {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const [d, e] = [Math.floor(b / 4), b % 4];
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const [i, k] = [Math.floor(c / 4), c % 4];
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  const date = (h + l - 7 * m + 33 * month + 19) % 32;
  return Date.UTC(year, month - 1, date);
}

function isWeekend(day: Date): boolean {
  return day.getUTCDay() === SUNDAY || day.getUTCDay() === SATURDAY;
}

function midnightOf(day: Date): number {
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate());
}

function partsOf(day: Date): [year: number, month: number, date: number] {
  return [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()];
}
