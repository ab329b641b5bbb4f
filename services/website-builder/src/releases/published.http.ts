import { Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, etagOf, isNotModified } from '@dailydoco/http';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asSlug, type Slug } from '../ids.js';
import { isSlug } from '../sites/slug.js';
import { PublishedFiles } from './published-files.js';
import { PAGE_PATH } from './release.js';

/** Pages hold nothing but their own files, talk to their own origin only, and stand in nobody's frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

const REVALIDATE = 'no-cache, must-revalidate';
/** A hashed file never changes under its name. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const LONGEST = 200;

const slugSchema = z.string().max(LONGEST).meta({ description: 'The slug of the site.' });
const fileSchema = z.string().max(LONGEST).meta({ description: 'A file of the page, as the page names it.' });

@Controller('sites')
@Requires({ anyone: true })
export class PublishedHttp {
  readonly #files: PublishedFiles;

  constructor(@Inject(PublishedFiles) files: PublishedFiles) {
    this.#files = files;
  }

  @Get(':slug')
  @Answers(
    { 308: { description: 'To the address with the slash, which the files of the page are relative to.' } },
    { summary: 'Find the address of a published site' },
  )
  toSlash(@Param('slug', { schema: slugSchema }) slug: string, @Res({ passthrough: true }) reply: FastifyReply): void {
    reply.header('location', `/sites/${slugOf(slug)}/`);
  }

  // Nest takes one slash from the end of a path: with two the route keeps the one that its address ends with.
  @Get(':slug//')
  @Answers(
    {
      200: { description: 'The page, text/html.' },
      304: { description: 'If-None-Match names what the page still is.' },
    },
    { summary: 'Read a published site' },
  )
  page(
    @Param('slug', { schema: slugSchema }) slug: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Uint8Array | undefined> {
    return this.#answer({ slug: slugOf(slug), path: PAGE_PATH }, request, reply);
  }

  @Get(':slug/:file')
  @Answers(
    {
      200: { description: 'The file.' },
      304: { description: 'If-None-Match names what the file still is.' },
    },
    {
      summary: 'Read a file of a published site',
      description: 'Files but the page have a hash in their name and never change.',
    },
  )
  file(
    @Param('slug', { schema: slugSchema }) slug: string,
    @Param('file', { schema: fileSchema }) file: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Uint8Array | undefined> {
    return this.#answer({ slug: slugOf(slug), path: file }, request, reply);
  }

  async #answer(
    asked: { slug: Slug; path: string },
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Uint8Array | undefined> {
    const entry = await this.#files.find(asked.slug, asked.path);
    const etag = etagOf(entry.sha256);
    const unchanged = isNotModified(request.headers['if-none-match'], etag);
    const bytes = unchanged ? undefined : await this.#files.read(entry);
    reply
      .headers(HEADERS)
      .header('etag', etag)
      .header('cache-control', entry.path === PAGE_PATH ? REVALIDATE : FOR_EVER);
    if (bytes === undefined) {
      reply.code(304);
      return undefined;
    }
    reply.header('content-type', entry.mediaType);
    return bytes;
  }
}

function slugOf(text: string): Slug {
  if (!isSlug(text)) throw new DomainError('NOT_FOUND');
  return asSlug(text);
}
