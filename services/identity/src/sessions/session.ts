import type { SessionId, TenantId, UserId } from '../ids.js';

export interface Session {
  readonly id: SessionId;
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly createdAt: Date;
  readonly refreshedAt: Date;
  readonly expiresAt: Date;
}

export type EndReason = 'logout' | 'signed_out_everywhere' | 'suspended' | 'password_reset' | 'refresh_token_reused';

/** Access tokens live 15 minutes. */
export const ACCESS_TOKEN_SECONDS = 900;
/** A session ends when it was not refreshed for 30 days. */
export const SESSION_DAYS = 30;
/** A used refresh token presented again within this time is a race of an honest client, and gets the same successor. */
export const RACE_WINDOW_MS = 10_000;

const DAY_MS = 86_400_000;

export function sessionEnd(refreshedAt: Date): Date {
  return new Date(refreshedAt.getTime() + SESSION_DAYS * DAY_MS);
}

/** What the client holds after a sign-in or a refresh. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds until the access token ends. */
  readonly expiresIn: number;
}

/** What became of a refresh token that was presented. */
export type Rotation =
  | { readonly kind: 'rotated' | 'raced'; readonly session: Session; readonly refreshToken: string }
  | { readonly kind: 'reused'; readonly session: Session }
  | { readonly kind: 'unknown' };
