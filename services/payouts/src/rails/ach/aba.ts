/** Ranges of the first two digits: Federal Reserve Banks, thrifts, electronic, traveler's cheques. */
const PREFIXES: readonly (readonly [number, number])[] = [
  [0, 12],
  [21, 32],
  [61, 72],
  [80, 80],
];
const WEIGHTS = [3, 7, 1];

/**
 * What is wrong with a routing number of the American Bankers Association; undefined when nothing is. Nine digits, whose
 * sum with the weights 3, 7, 1, 3, 7, 1, 3, 7, 1 is a multiple of ten, and which are not all zero.
 */
export function objectionToRoutingNumber(text: string): string | undefined {
  if (!/^[0-9]{9}$/.test(text)) return 'must be nine digits';
  const prefix = Number(text.slice(0, 2));
  const isIssued = PREFIXES.some(([from, to]) => from <= prefix && prefix <= to) && text !== '000000000';
  const sum = Array.from(text).reduce((total, digit, at) => total + Number(digit) * (WEIGHTS[at % 3] ?? 0), 0);
  if (!isIssued || sum % 10 !== 0) return 'has a wrong checksum: please look for a typing error';
  return undefined;
}
