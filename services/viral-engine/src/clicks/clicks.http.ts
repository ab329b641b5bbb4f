import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { counter } from '@dailydoco/telemetry';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isUuid } from '../ids.js';
import { PLAN_BOUNDS } from '../plans/plan.js';
import { endOfTurn } from './end-of-turn.js';
import { FollowLink } from './follow-link.js';
import { machineVisit } from './machine-visit.adapter.js';

const VISITOR_COOKIE = 'dd_visitor';
/** Its value among the cookies of a request; the first counts, as with all who read cookies. */
const VISITOR = new RegExp(`(?:^|;)\\s*${VISITOR_COOKIE}=([^;\\s]*)`);
/** As long as the longest attribution window: the plan that is in force when the visitor registers decides. */
const COOKIE_DAYS = PLAN_BOUNDS.attributionWindowDays;
const MAX_USER_AGENT = 500;

/** Where Nest finds how links are answered. */
export const LINK_SETTINGS = Symbol('LINK_SETTINGS');

export interface LinkSettings {
  /** The cookie goes over TLS only. */
  readonly secure: boolean;
}

const ignored = counter('dailydoco_clicks_ignored_total');

const codeSchema = z.string().max(200).meta({ description: 'A code of a member or of a link.' });

@Controller('r')
@Requires({ anyone: true })
export class ClicksHttp {
  readonly #links: FollowLink;
  readonly #cookieEnd: string;

  constructor(@Inject(FollowLink) links: FollowLink, @Inject(LINK_SETTINGS) settings: LinkSettings) {
    this.#links = links;
    this.#cookieEnd = `; Max-Age=${COOKIE_DAYS * 86_400}; Path=/; HttpOnly;${settings.secure ? ' Secure;' : ''} SameSite=Lax`;
  }

  @Get(':code')
  @Answers(
    { 302: { description: 'To the page of the link; to the landing page when nobody has the code.' } },
    {
      summary: 'Follow a referral link',
      description:
        'Records the click and remembers the visitor for 90 days, the longest attribution window that a plan may have. The page is told the signed click id as ddcid, for servers that register people or record purchases. utm_source, utm_medium, utm_campaign, utm_term, utm_content and sub1 to sub5 are passed on where the link names none itself.',
    },
  )
  async follow(
    @Param('code', { schema: codeSchema }) code: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const machine = machineVisit(request);
    if (machine !== undefined) ignored.add(1, { reason: machine });
    const { location, visitorId } = await this.#links.follow({
      code,
      visitorId: visitorOf(request.headers.cookie),
      sender: { address: request.ip, userAgent: String(request.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT) },
      query: request.query as Readonly<Record<string, unknown>>,
      isClick: machine === undefined,
    });
    // Written one after the other, answers took less than half of the time each in the socket's write.
    await endOfTurn();
    reply.header('location', location).header('cache-control', 'no-store');
    // By hand, because every redirect does it and an id needs no encoding.
    if (visitorId !== undefined) reply.header('set-cookie', `${VISITOR_COOKIE}=${visitorId}${this.#cookieEnd}`);
  }
}

/** Whom the browser says it is, when that is an id as it was given. */
function visitorOf(cookies: string | undefined): string | undefined {
  const value = cookies === undefined ? undefined : VISITOR.exec(cookies)?.[1];
  return value !== undefined && isUuid(value) ? value : undefined;
}
