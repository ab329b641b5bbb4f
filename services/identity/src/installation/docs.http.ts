import { readFile } from 'node:fs/promises';
import { Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers } from '@dailydoco/http';
import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

/** Where Nest finds the folder of the page's own files. */
export const DOCS_FILES = Symbol('DOCS_FILES');

/** Files of the page and of the document, by the name they are served under. */
export type DocsFiles = ReadonlyMap<string, { readonly path: string; readonly type: string }>;

// The page sets styles by script; nothing else from anywhere but here.
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DailyDoco API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<main id="page"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
`;

const SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null });
`;

const fileName = z.string().regex(/^[a-z0-9.-]{1,60}$/);

@Controller()
@Requires({ anyone: true })
export class DocsHttp {
  readonly #files: DocsFiles;

  constructor(@Inject(DOCS_FILES) files: DocsFiles) {
    this.#files = files;
  }

  @Get('openapi.json')
  @Answers(
    { 200: { description: 'The document.', schema: z.record(z.string(), z.unknown()) } },
    { summary: 'Read the OpenAPI document of the whole public API' },
  )
  document(@Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    return this.#send('openapi.json', reply);
  }

  @Get('docs')
  @Answers({ 200: { description: 'The page.' } }, { summary: 'Read the documentation of the public API' })
  page(@Res({ passthrough: true }) reply: FastifyReply): string {
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .header('x-content-type-options', 'nosniff');
    return PAGE;
  }

  @Get('docs/:file')
  @Answers(
    { 200: { description: 'The file.' } },
    { summary: 'A file of the documentation page', problems: ['NOT_FOUND'] },
  )
  async file(
    @Param('file', { schema: fileName }) file: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer | string> {
    if (file !== 'page.js') return this.#send(file, reply);
    reply.type('text/javascript; charset=utf-8').header('x-content-type-options', 'nosniff');
    return SCRIPT;
  }

  async #send(name: string, reply: FastifyReply): Promise<Buffer> {
    const file = this.#files.get(name);
    if (file === undefined) throw new DomainError('NOT_FOUND');
    const bytes = await readFile(file.path).catch((cause: unknown) => {
      // The document is made by the build; a service run from a fresh checkout has none yet.
      throw new DomainError('UNAVAILABLE', { detail: 'This file has not been built.', cause });
    });
    reply.type(file.type).header('x-content-type-options', 'nosniff').header('cache-control', 'public, max-age=300');
    return bytes;
  }
}
