import { Requires } from '@dailydoco/auth';
import { Answers, IdempotencyKey, type IdempotencyScope, KeyScope, replyWith, requestHash } from '@dailydoco/http';
import { Body, Controller, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { emailSchema, newPasswordSchema } from '../sessions/auth-view.http.js';
import { Recovery } from './recover-access.js';

const emailBody = z.strictObject({ email: emailSchema }).meta({ id: 'PasswordResetInput' });
const tokenSchema = z.string().min(1).max(200).meta({ description: 'The code from the mail.' });
const confirmBody = z
  .strictObject({ token: tokenSchema, password: newPasswordSchema })
  .meta({ id: 'PasswordResetConfirmation' });
const verifyBody = z.union([z.strictObject({ token: tokenSchema }), z.strictObject({ email: emailSchema })]).meta({
  id: 'EmailVerificationInput',
  description: 'The code from the mail, or the address that is to get a new one.',
});

@Controller('v1/auth')
@Requires({ anyone: true })
export class RecoveryHttp {
  readonly #recovery: Recovery;

  constructor(@Inject(Recovery) recovery: Recovery) {
    this.#recovery = recovery;
  }

  @Post('password-reset')
  @Answers(
    { 202: { description: 'If the address is known, a mail is on its way.' } },
    { summary: 'Ask for a new password' },
  )
  async ask(
    @Body({ schema: emailBody }) body: z.output<typeof emailBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const call = { key, scope, requestHash: requestHash(body) };
    replyWith(reply, await this.#recovery.askForPassword(body.email, call));
  }

  @Post('password-reset/confirm')
  @Answers(
    { 202: { description: 'The password is changed and every session has ended.' } },
    { summary: 'Choose the new password' },
  )
  async confirm(
    @Body({ schema: confirmBody }) body: z.output<typeof confirmBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const call = { key, scope, requestHash: requestHash(body) };
    replyWith(reply, await this.#recovery.confirmPassword(body, call));
  }

  @Post('verify-email')
  @Answers(
    { 202: { description: 'The address is confirmed, or a mail is on its way if the address is known.' } },
    { summary: 'Confirm an e-mail address, or ask for the mail again' },
  )
  async verify(
    @Body({ schema: verifyBody }) body: z.output<typeof verifyBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const call = { key, scope, requestHash: requestHash(body) };
    const answer = await ('token' in body
      ? this.#recovery.verify(body.token, call)
      : this.#recovery.askToVerify(body.email, call));
    replyWith(reply, answer);
  }
}
