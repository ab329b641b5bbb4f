import { uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { withPartner } from '../users/roles.js';
import type { User } from '../users/user.js';

const MAX_EMAIL = 254;

/** An address as people type it; compared trimmed and in lower case. */
export const emailSchema = z
  .string()
  .max(MAX_EMAIL + 20)
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.email('must be an e-mail address').max(MAX_EMAIL))
  .meta({ description: 'An e-mail address; compared trimmed and in lower case.' });

export const newPasswordSchema = z.string().min(12).max(256).meta({ description: '12 to 256 characters.' });

export const displayNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must be well-formed text without control characters')
  .meta({ description: 'What others see; 1 to 100 characters.' });

const timestamp = z.string().meta({ format: 'date-time' });

export const userSchema = z
  .object({
    id: uuidSchema,
    email: z.string(),
    displayName: z.string(),
    roles: z.array(z.string()),
    status: z.enum(['active', 'suspended', 'erased']),
    emailVerified: z.boolean(),
    createdAt: timestamp,
  })
  .meta({ id: 'User' });

export type UserView = z.infer<typeof userSchema>;

export const tokensSchema = z
  .object({
    accessToken: z.string().meta({ description: 'A JWT for the Authorization header.' }),
    refreshToken: z.string().meta({ description: 'Gets the next pair, once.' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'Seconds until the access token ends.' }),
  })
  .meta({ id: 'Tokens' });

export function viewUser(user: User): UserView {
  return {
    id: user.id,
    email: user.email,
    displayName: user.displayName,
    roles: withPartner(user.roles),
    status: user.status,
    emailVerified: user.emailVerifiedAt !== undefined,
    createdAt: user.registeredAt.toISOString(),
  };
}
