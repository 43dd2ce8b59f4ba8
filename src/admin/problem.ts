import type { FastifyReply } from 'fastify';

/** RFC 9457. */
export function problem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply.code(status).type('application/problem+json').send({ status, detail });
}
