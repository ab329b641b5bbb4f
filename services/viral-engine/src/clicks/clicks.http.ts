import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isUuid } from '../ids.js';
import { FollowLink } from './follow-link.js';

const VISITOR_COOKIE = 'dd_visitor';
const COOKIE_DAYS = 30;

/** Where Nest finds how links are answered. */
export const LINK_SETTINGS = Symbol('LINK_SETTINGS');

export interface LinkSettings {
  readonly landingUrl: string;
  /** The cookie goes over TLS only. */
  readonly secure: boolean;
}

const codeSchema = z.string().max(200).meta({ description: 'A referral code.' });

@Controller('r')
@Requires({ anyone: true })
export class ClicksHttp {
  readonly #links: FollowLink;
  readonly #settings: LinkSettings;

  constructor(@Inject(FollowLink) links: FollowLink, @Inject(LINK_SETTINGS) settings: LinkSettings) {
    this.#links = links;
    this.#settings = settings;
  }

  @Get(':code')
  @Answers(
    { 302: { description: 'To the landing page, whether anybody has the code or not.' } },
    { summary: 'Follow a referral link', description: 'Records the click and remembers the visitor for 30 days.' },
  )
  async follow(
    @Param('code', { schema: codeSchema }) code: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    reply.header('location', this.#settings.landingUrl).header('cache-control', 'no-store');
    // Nobody looks at what a HEAD or a prefetch brings.
    if (request.method === 'HEAD' || request.headers['sec-purpose'] !== undefined) return;
    const { [VISITOR_COOKIE]: cookie = '' } = request.cookies;
    const visitorId = await this.#links.follow(code, isUuid(cookie) ? cookie : undefined);
    if (visitorId === undefined) return;
    reply.setCookie(VISITOR_COOKIE, visitorId, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      maxAge: COOKIE_DAYS * 86_400,
      secure: this.#settings.secure,
    });
  }
}
