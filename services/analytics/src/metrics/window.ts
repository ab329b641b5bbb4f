const HOUR_MS = 3_600_000;

/** From `from` on, until before `to`. */
export interface Window {
  readonly from: Date;
  readonly to: Date;
}

/** A window as whole UTC hours, whose sums are kept, and what is left of it at either end. */
export interface SplitWindow {
  readonly hours: Window;
  readonly before: Window;
  readonly after: Window;
}

/**
 * Splits a window without gap or overlap; each of the three parts may be empty. A window within one hour has no whole
 * hour and lies in `before` alone.
 */
export function splitWindow({ from, to }: Window): SplitWindow {
  const firstHour = Math.ceil(from.getTime() / HOUR_MS) * HOUR_MS;
  const end = Math.floor(to.getTime() / HOUR_MS) * HOUR_MS;
  if (firstHour > end) return { before: { from, to }, hours: { from: to, to }, after: { from: to, to } };
  const [start, stop] = [new Date(firstHour), new Date(end)];
  return { before: { from, to: start }, hours: { from: start, to: stop }, after: { from: stop, to } };
}
