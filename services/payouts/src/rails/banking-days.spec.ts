import { describe, expect, it } from '@jest/globals';
import { bankingDayAfter, bankingDayFrom, type BankingDays, isFederalReserveDay, isTargetDay } from './banking-days.js';

/** The weekdays of a year on which banks do not settle, as month-day. */
function holidaysOf(year: number, isOpen: BankingDays): string[] {
  const closed: string[] = [];
  for (let day = Date.UTC(year, 0, 1); day < Date.UTC(year + 1, 0, 1); day += 86_400_000) {
    const date = new Date(day + 13 * 3_600_000);
    const weekday = date.getUTCDay();
    if (weekday !== 0 && weekday !== 6 && !isOpen(date)) closed.push(date.toISOString().slice(5, 10));
  }
  return closed;
}

describe('TARGET is closed on weekdays', () => {
  // Easter: 20 April 2025, 5 April 2026, 28 March 2027, 31 March 2024; at its limits 23 March 2008 and 24 April 2011.
  it.each([
    [2024, ['01-01', '03-29', '04-01', '05-01', '12-25', '12-26']],
    [2025, ['01-01', '04-18', '04-21', '05-01', '12-25', '12-26']],
    [2026, ['01-01', '04-03', '04-06', '05-01', '12-25']],
    [2027, ['01-01', '03-26', '03-29']],
    [2008, ['01-01', '03-21', '03-24', '05-01', '12-25', '12-26']],
    [2011, ['04-22', '04-25', '12-26']],
  ])('of %i', (year, days) => {
    expect(holidaysOf(year, isTargetDay)).toEqual(days);
  });
});

describe('The Federal Reserve Banks are closed on weekdays', () => {
  it.each([
    [2020, ['01-01', '01-20', '02-17', '05-25', '09-07', '10-12', '11-11', '11-26', '12-25']],
    // The fourth of July is a Sunday, and kept on the fifth; Juneteenth and Christmas are Saturdays, and kept on no day.
    [2021, ['01-01', '01-18', '02-15', '05-31', '07-05', '09-06', '10-11', '11-11', '11-25']],
    // New Year's Day of 2022 was a Saturday: the last day of 2021 was open. Juneteenth and Christmas were Sundays.
    [2022, ['01-17', '02-21', '05-30', '06-20', '07-04', '09-05', '10-10', '11-11', '11-24', '12-26']],
    [2023, ['01-02', '01-16', '02-20', '05-29', '06-19', '07-04', '09-04', '10-09', '11-23', '12-25']],
    [2026, ['01-01', '01-19', '02-16', '05-25', '06-19', '09-07', '10-12', '11-11', '11-26', '12-25']],
  ])('of %i', (year, days) => {
    expect(holidaysOf(year, isFederalReserveDay)).toEqual(days);
  });
});

describe('The next day on which banks settle', () => {
  const day = (text: string) => new Date(`${text}T22:30:00Z`);
  it.each([
    // Good Friday to Easter Monday; a plain day; Christmas, Boxing Day and a weekend after it.
    ['2026-04-03', '2026-04-07'],
    ['2026-04-02', '2026-04-02'],
    ['2024-12-25', '2024-12-27'],
    ['2026-12-25', '2026-12-28'],
  ])('from %s is %s', (from, to) => {
    expect(bankingDayFrom(day(from), isTargetDay)).toEqual(new Date(`${to}T00:00:00Z`));
  });

  it.each([
    ['2026-07-02', '2026-07-03'],
    ['2026-07-03', '2026-07-06'],
    ['2026-11-25', '2026-11-27'],
    ['2026-12-31', '2027-01-04'],
  ])('after %s is %s', (after, next) => {
    expect(bankingDayAfter(day(after), isFederalReserveDay)).toEqual(new Date(`${next}T00:00:00Z`));
  });
});
