/** What a figure must be: below or above a bound, in its unit. */
export interface Target {
  readonly below?: number;
  readonly above?: number;
  readonly unit: string;
}

export type Verdict = 'pass' | 'fail' | 'not measured';

export interface Judged {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly verdict: Verdict;
}

/** Reads the targets file. Throws when a target has no bound or two: a target that cannot fail is none. */
export function readTargets(text: string): Readonly<Record<string, Target>> {
  const targets = JSON.parse(text) as Record<string, Target>;
  for (const [name, { below, above, unit }] of Object.entries(targets)) {
    if ((below === undefined) === (above === undefined)) throw new Error(`${name} needs one of "below" and "above"`);
    if (typeof unit !== 'string' || unit === '') throw new Error(`${name} has no unit`);
  }
  return targets;
}

/** Holds each target against what was measured. Throws on a figure that no target is about: a name was mistyped. */
export function judge(
  targets: Readonly<Record<string, Target>>,
  measured: Readonly<Record<string, number | undefined>>,
): Judged[] {
  const strange = Object.keys(measured).filter((name) => targets[name] === undefined);
  if (strange.length > 0) throw new Error(`no target is named ${strange.join(', ')}`);
  return Object.entries(targets).map(([name, target]) => {
    const value = measured[name];
    return { name, wanted: wantedOf(target), measured: told(value, target), verdict: verdictOf(target, value) };
  });
}

function verdictOf({ below, above }: Target, value: number | undefined): Verdict {
  if (value === undefined || Number.isNaN(value)) return 'not measured';
  return (below === undefined || value < below) && (above === undefined || value > above) ? 'pass' : 'fail';
}

function wantedOf({ below, above, unit }: Target): string {
  return below === undefined ? `> ${above} ${unit}` : `< ${below} ${unit}`;
}

function told(value: number | undefined, { unit }: Target): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}
