import type { FastifyRequest } from 'fastify';

/** How long lists are. */
const DEFAULT = 100;
const MOST = 1000;

export const LIMIT_WRONG = `limit must be a whole number from 1 to ${MOST}`;

/** How many a caller wants of a list; undefined: what it wrote is no such number. */
export function limitOf(request: FastifyRequest): number | undefined {
  const text = parameter(request, 'limit');
  if (text === undefined) return DEFAULT;
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= MOST ? limit : undefined;
}

/** A query parameter given once; one given twice is its last. */
export function parameter(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Readonly<Record<string, string | readonly string[] | undefined>>)[name];
  return typeof value === 'object' ? value.at(-1) : value;
}
