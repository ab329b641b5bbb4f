import type { FastifyReply } from 'fastify';

/** An error of the gateway's own, in Kong's shape and with Kong's words, so that clients see the same from both. */
export function ownAnswer(reply: FastifyReply, status: number, message: string): FastifyReply {
  const requestId = reply.request.id;
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .header('x-request-id', requestId)
    .send(JSON.stringify({ message, request_id: requestId }));
}
