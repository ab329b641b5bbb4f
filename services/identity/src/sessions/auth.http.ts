import { Requires } from '@dailydoco/auth';
import {
  Answers,
  callerIdOf,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  replyWith,
  requestHash,
} from '@dailydoco/http';
import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { validate } from 'uuid';
import { z } from 'zod';
import { TenantOfHost } from '../tenants/tenant-of-host.js';
import { Auth } from './auth.js';
import {
  displayNameSchema,
  emailSchema,
  newPasswordSchema,
  tokensSchema,
  userSchema,
  viewUser,
} from './auth-view.http.js';

const registerBody = z
  .strictObject({
    email: emailSchema,
    password: newPasswordSchema,
    displayName: displayNameSchema,
    referralCode: z
      .string()
      .max(200)
      .refine((text) => text.isWellFormed(), 'must be well-formed text')
      .optional()
      .meta({ description: 'Who referred; an unknown one changes nothing.' }),
    deviceId: z
      .string()
      .min(1)
      .max(200)
      .refine((text) => text.isWellFormed(), 'must be well-formed text')
      .optional()
      .meta({
        description:
          'The client’s own name for the device, the same at every registration on it. Kept as an HMAC only, to find accounts that belong together.',
      }),
    clickId: z
      .string()
      .max(200)
      .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text')
      .optional()
      .meta({
        description:
          'The signed click id that the landing page was told as ddcid, in the place of the cookie; one that is forged, of another tenant or older than the attribution window changes nothing.',
      }),
  })
  .meta({ id: 'RegistrationInput' });

const loginBody = z
  .strictObject({ email: z.string().min(1).max(300), password: z.string().min(1).max(256) })
  .meta({ id: 'LoginInput' });

const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(200) }).meta({ id: 'RefreshInput' });

const registeredSchema = z
  .object({
    user: userSchema,
    referral: z
      .object({
        applied: z.boolean(),
        pending: z.literal(true).optional().meta({ description: 'It will be applied as soon as it can be checked.' }),
      })
      .meta({ description: 'Whether somebody gets the credit for this registration.' }),
    tokens: tokensSchema,
  })
  .meta({ id: 'Registered' });

const signedInSchema = z.object({ user: userSchema, tokens: tokensSchema }).meta({ id: 'SignedIn' });
const refreshedSchema = z.object({ tokens: tokensSchema }).meta({ id: 'Refreshed' });

/** The cookie that a referral link sets. */
const VISITOR_COOKIE = 'dd_visitor';

@Controller('v1/auth')
@Requires({ anyone: true })
export class AuthHttp {
  readonly #auth: Auth;
  readonly #tenants: TenantOfHost;

  constructor(@Inject(Auth) auth: Auth, @Inject(TenantOfHost) tenants: TenantOfHost) {
    this.#auth = auth;
    this.#tenants = tenants;
  }

  @Post('register')
  @Answers(
    { 201: { description: 'The new user, signed in.', schema: registeredSchema } },
    { summary: 'Register', problems: ['EMAIL_TAKEN'] },
  )
  async register(
    @Body({ schema: registerBody }) body: z.output<typeof registerBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const tenantId = await this.#tenants.find(request.hostname);
    const { referralCode = '', clickId = '', deviceId, ...person } = body;
    const visitor = request.cookies[VISITOR_COOKIE];
    const answer = await this.#auth.register(
      {
        ...person,
        tenantId,
        origin: { address: request.ip, userAgent: request.headers['user-agent'], deviceId },
        referralCode: referralCode.trim() === '' ? undefined : referralCode.trim(),
        clickId: clickId.trim() === '' ? undefined : clickId.trim(),
        visitorId: visitor !== undefined && validate(visitor) ? visitor : undefined,
      },
      {
        call: { key, scope: { ...scope, tenantId, callerId: callerIdOf(undefined) }, requestHash: requestHash(body) },
        answer: ({ user, referral, tokens }) => ({ status: 201, body: { user: viewUser(user), referral, tokens } }),
      },
    );
    return replyWith(reply, answer);
  }

  @Post('login')
  @Answers(
    { 200: { description: 'Signed in.', schema: signedInSchema } },
    { summary: 'Sign in', problems: ['CREDENTIALS_INVALID', 'ACCOUNT_SUSPENDED'] },
  )
  async login(
    @Body({ schema: loginBody }) body: z.output<typeof loginBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const answer = await this.#auth.logIn(
      { ...body, address: request.ip },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: ({ user, tokens }) => ({ status: 200, body: { user: viewUser(user), tokens } }),
      },
    );
    return replyWith(reply, answer);
  }

  @Post('refresh')
  @Answers(
    { 200: { description: 'The next pair of tokens.', schema: refreshedSchema } },
    {
      summary: 'Refresh the access token',
      description:
        'A refresh token works once. Used again within seconds it gives the same successor; used again later it ends the session.',
      problems: ['REFRESH_TOKEN_INVALID', 'ACCOUNT_SUSPENDED'],
    },
  )
  async refresh(
    @Body({ schema: refreshBody }) body: z.output<typeof refreshBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const answer = await this.#auth.refresh(body.refreshToken, {
      call: { key, scope, requestHash: requestHash(body) },
      answer: (tokens) => ({ status: 200, body: { tokens } }),
    });
    return replyWith(reply, answer);
  }

  @Post('logout')
  @Answers(
    { 204: { description: 'The session has ended; a token that nobody knows changes nothing.' } },
    { summary: 'Sign out' },
  )
  async logout(
    @Body({ schema: refreshBody }) body: z.output<typeof refreshBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    replyWith(reply, await this.#auth.logOut(body.refreshToken, { key, scope, requestHash: requestHash(body) }));
  }
}
