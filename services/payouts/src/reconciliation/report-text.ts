import { type CurrencyReport, type DayReport, TOTAL_NAMES } from './day-report.js';

const WORDS = { writtenOff: 'written off' } as const;

/** A report as a person reads it, in plain text of fixed width. */
export function reportText(report: DayReport): string {
  const { run, breaks } = report;
  const lines = [
    `Reconciliation of ${report.day} (UTC), tenant ${report.tenantId}`,
    `compared until ${run.finishedAt}: ${count(run.purchasesCompared, 'purchase')}, ${run.purchasesInFlight} in flight`,
    '',
    breaks.length === 0 ? 'BALANCED' : `${count(breaks.length, 'break').toUpperCase()}`,
    ...breaks.map(
      ({ invariant, subject, detail, status, ownerId, ageHours }) =>
        `  ${invariant}  ${status}, ${ageHours} h old, ${ownerId === null ? 'nobody’s' : `owner ${ownerId}`}\n      ${subject}: ${detail}`,
    ),
    `opened on the day: ${report.breaksOpened}, resolved: ${report.breaksResolved}`,
    ...report.currencies.flatMap(ofCurrency),
    '',
    ...inFlight(report),
    '',
    'compared with',
    ...report.sources.map(
      ({ name, compared, upTo }) => `  ${name.padEnd(22)}${String(compared).padStart(12)}   up to ${upTo ?? 'never'}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function ofCurrency({ currency, totals, accounts }: CurrencyReport): string[] {
  const named = TOTAL_NAMES.filter((name) => totals[name] !== '0.00');
  const heads = ['opening', 'credits', 'debits', 'closing'].map((word) => word.padStart(18)).join('');
  return [
    '',
    currency,
    ...named.map(
      (name) =>
        `  ${(name in WORDS ? WORDS[name as keyof typeof WORDS] : name).padEnd(22)}${totals[name].padStart(18)}`,
    ),
    ...(named.length === 0 ? ['  nothing moved'] : []),
    `  ${'account'.padEnd(22)}${heads}`,
    ...accounts.map(
      ({ kind, ...amounts }) =>
        `  ${kind.padEnd(22)}${[amounts.opening, amounts.credits, amounts.debits, amounts.closing].map((amount) => amount.padStart(18)).join('')}`,
    ),
  ];
}

function inFlight({ inFlight: { payouts, eventsSetAside } }: DayReport): string[] {
  return [
    'in flight when it was made',
    ...payouts.map(
      ({ currency, status, payouts: number, amount }) =>
        `  ${`payouts ${status}`.padEnd(22)}${String(number).padStart(12)}   ${amount} ${currency}`,
    ),
    `  ${'events set aside'.padEnd(22)}${String(eventsSetAside).padStart(12)}`,
  ];
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
