/** A strong validator: the bytes' SHA-256. */
export function etagOf(sha256: Uint8Array): string {
  return `"${Buffer.from(sha256).toString('base64url')}"`;
}

/**
 * Whether a GET with this If-None-Match is answered with 304 (RFC 9110, 13.1.2): one of the listed validators is the
 * resource's, compared weakly, or the list is `*`.
 */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((listed) => listed.trim().replace(/^W\//, '') === etag);
}
