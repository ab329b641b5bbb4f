import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { Body, Controller, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import { emailSchema, newPasswordSchema } from '../sessions/auth-view.http.js';
import { Recovery } from './recover-access.js';

const emailBody = z.strictObject({ email: emailSchema }).meta({ id: 'PasswordResetInput' });
const tokenSchema = z.string().min(1).max(200).meta({ description: 'The code from the mail.' });
const confirmBody = z
  .strictObject({ token: tokenSchema, password: newPasswordSchema })
  .meta({ id: 'PasswordResetConfirmation' });
const verifyBody = z
  .union([z.strictObject({ token: tokenSchema }), z.strictObject({ email: emailSchema })])
  .meta({
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
  async ask(@Body({ schema: emailBody }) { email }: z.output<typeof emailBody>): Promise<void> {
    await this.#recovery.askForPassword(email);
  }

  @Post('password-reset/confirm')
  @Answers(
    { 202: { description: 'The password is changed and every session has ended.' } },
    { summary: 'Choose the new password' },
  )
  async confirm(@Body({ schema: confirmBody }) body: z.output<typeof confirmBody>): Promise<void> {
    await this.#recovery.confirmPassword(body);
  }

  @Post('verify-email')
  @Answers(
    { 202: { description: 'The address is confirmed, or a mail is on its way if the address is known.' } },
    { summary: 'Confirm an e-mail address, or ask for the mail again' },
  )
  async verify(@Body({ schema: verifyBody }) body: z.output<typeof verifyBody>): Promise<void> {
    if ('token' in body) await this.#recovery.verify(body.token);
    else await this.#recovery.askToVerify(body.email);
  }
}
