/** A key as the rota sees it: published from createdAt on, signing from signsFrom on. */
export interface RotaKey {
  readonly kid: string;
  readonly createdAt: Date;
  readonly signsFrom: Date;
}

/** Every service reads the key set anew within 5 minutes: by then it knows a key that was published before. */
export const PUBLISHED_BEFORE_SIGNING_MS = 10 * 60_000;
/** Longer than an access token lives, with room for clocks that differ. */
export const KEPT_AFTER_SIGNING_MS = 20 * 60_000;

/** The key that signs now: of those that may sign, the one that began last; undefined when there is none. */
export function signingKey<Key extends RotaKey>(keys: readonly Key[], now: Date): Key | undefined {
  return inOrder(keys)
    .filter(({ signsFrom }) => signsFrom <= now)
    .at(-1);
}

/** Keys whose tokens may still be about, and those that will sign: everything but keys replaced long enough ago. */
export function publishedKeys<Key extends RotaKey>(keys: readonly Key[], now: Date): Key[] {
  const ordered = inOrder(keys);
  return ordered.filter((_, index) => {
    const successor = ordered[index + 1];
    return successor === undefined || now.getTime() - successor.signsFrom.getTime() < KEPT_AFTER_SIGNING_MS;
  });
}

/** When a key made now signs: at once when there is no other, otherwise once everybody can know it. */
export function signsFrom(keys: readonly RotaKey[], now: Date): Date {
  return keys.length === 0 ? now : new Date(now.getTime() + PUBLISHED_BEFORE_SIGNING_MS);
}

/** Whether a new key is due: there is none, or the newest is older than the rotation's days. */
export function isRotationDue(keys: readonly RotaKey[], now: Date, rotationDays: number): boolean {
  const newest = inOrder(keys).at(-1);
  return newest === undefined || now.getTime() - newest.createdAt.getTime() >= rotationDays * 86_400_000;
}

function inOrder<Key extends RotaKey>(keys: readonly Key[]): Key[] {
  return keys.toSorted((a, b) => a.signsFrom.getTime() - b.signsFrom.getTime() || (a.kid < b.kid ? -1 : 1));
}
