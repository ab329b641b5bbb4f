import { createHash } from 'node:crypto';
import { Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, etagOf, isNotModified, uuidSchema } from '@dailydoco/http';
import { toBase64 } from '@dailydoco/transparency';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asLogId } from '../ids.js';
import { consistencySchema, keysSchema, viewKeys } from './log-view.http.js';
import { ReadLog } from './read-log.js';
import { sizeSchema } from './size.http.js';

/** What is in a full tile never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';
/** A partial tile is soon overtaken by a longer one. */
const A_MINUTE = 'public, max-age=60';
const SECONDS = 'public, max-age=2';

const consistencyQuery = z.strictObject({
  from: sizeSchema.meta({ description: 'Leaves in the earlier signed tree.' }),
  to: sizeSchema.meta({ description: 'Leaves in the later signed tree.' }),
});

/** The logs as everybody may read them: static files, but that they are made when they are asked for. */
@Controller('v1/transparency')
@Requires({ anyone: true })
export class LogsHttp {
  readonly #logs: ReadLog;

  constructor(@Inject(ReadLog) logs: ReadLog) {
    this.#logs = logs;
  }

  @Get(':logId/checkpoint')
  @Answers(
    {
      200: { description: 'The latest signed checkpoint, text/plain.' },
      304: { description: 'If-None-Match names what it still is.' },
    },
    {
      summary: 'Read the checkpoint of a transparency log',
      description: 'C2SP tlog-checkpoint: a signed note with origin, size and root hash.',
      problems: ['NOT_FOUND'],
    },
  )
  async checkpoint(
    @Param('logId', { schema: uuidSchema }) logId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Uint8Array | undefined> {
    const { note } = await this.#logs.checkpoint(asLogId(logId));
    reply.header('cache-control', SECONDS);
    return answer(Buffer.from(note, 'utf8'), { request, reply, mediaType: 'text/plain; charset=utf-8' });
  }

  @Get(':logId/tile/*')
  @ApiParam({ name: 'path', description: '`0/x001/234`, `0/000.p/17`, `entries/000`.', schema: { type: 'string' } })
  @Answers(
    {
      200: { description: 'The tile, application/octet-stream.' },
      304: { description: 'If-None-Match names what it still is.' },
    },
    {
      summary: 'Read a tile of a transparency log',
      description:
        'C2SP tlog-tiles: `tile/{level}/{index}`, or `tile/entries/{index}` for the entries themselves, with `.p/{width}` for a tile that is not full. Index in groups of three digits, all but the last behind an x.',
      problems: ['NOT_FOUND'],
    },
  )
  async tile(
    @Param('logId', { schema: uuidSchema }) logId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Uint8Array | undefined> {
    const { bytes, isFull } = await this.#logs.tile(asLogId(logId), tilePathOf(request.url));
    reply.header('cache-control', isFull ? FOR_EVER : A_MINUTE);
    return answer(bytes, { request, reply, mediaType: 'application/octet-stream' });
  }

  @Get(':logId/keys')
  @Answers(
    { 200: { description: 'All keys that ever signed, the newest first.', schema: keysSchema } },
    { summary: 'List the keys of a transparency log', problems: ['NOT_FOUND'] },
  )
  async keys(
    @Param('logId', { schema: uuidSchema }) logId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof keysSchema>> {
    const keys = await this.#logs.keys(asLogId(logId));
    reply.header('cache-control', A_MINUTE);
    return viewKeys(keys);
  }

  @Get(':logId/consistency')
  @Answers(
    { 200: { description: 'Both checkpoints and the proof.', schema: consistencySchema } },
    {
      summary: 'Prove that a log only grew',
      description: 'The proof (RFC 6962, 2.1.2) that one signed tree goes on from an earlier one.',
      problems: ['NOT_FOUND'],
    },
  )
  async consistency(
    @Param('logId', { schema: uuidSchema }) logId: string,
    @Query({ schema: consistencyQuery }) sizes: z.output<typeof consistencyQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof consistencySchema>> {
    if (sizes.from > sizes.to) {
      throw new DomainError('VALIDATION_FAILED', {
        fieldErrors: [{ path: 'from', message: 'must not be larger than `to`' }],
      });
    }
    const { from, to, proof } = await this.#logs.consistency(asLogId(logId), sizes);
    reply.header('cache-control', A_MINUTE);
    return { from: from.note, to: to.note, proof: proof.map(toBase64) };
  }
}

/** `/v1/transparency/{logId}/tile/0/001?x` → `tile/0/001`. The path is what it is: nothing in it may be escaped. */
function tilePathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.slice(path.indexOf('/tile/') + 1);
}

function answer(
  bytes: Uint8Array,
  { request, reply, mediaType }: { request: FastifyRequest; reply: FastifyReply; mediaType: string },
): Uint8Array | undefined {
  const etag = etagOf(createHash('sha256').update(bytes).digest());
  reply.header('etag', etag);
  if (isNotModified(request.headers['if-none-match'], etag)) {
    reply.code(304);
    return undefined;
  }
  reply.header('content-type', mediaType);
  return bytes;
}
