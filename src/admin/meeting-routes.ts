import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { problem } from './problem.js';
import { LIMIT_WRONG, limitOf } from './query.js';

/** What is asked of the meeting service: made by the composition root. Each answers for what this instance knows. */
export interface MeetingSource {
  /** Those that are held and those that could be, without anybody's name, at most `limit`. JSON values. */
  list(limit: number): Promise<readonly object[]>;
  one(meeting: string): Promise<MeetingAnswer>;
  create(order: MeetingOrder): Promise<MeetingAnswer>;
  links(meeting: string, order: LinkOrder): Promise<MeetingAnswer>;
  end(meeting: string): Promise<MeetingAnswer>;
  lock(meeting: string, locked: boolean): Promise<MeetingAnswer>;
  invite(meeting: string, address: string): Promise<MeetingAnswer>;
  admit(meeting: string, participant: string): Promise<MeetingAnswer>;
  expel(meeting: string, participant: string): Promise<MeetingAnswer>;
  /** `participant` undefined: everybody but hosts, their microphones. */
  mute(meeting: string, order: MuteOrder): Promise<MeetingAnswer>;
}

/** `status` 4xx or 5xx: `detail` is a sentence. */
export type MeetingAnswer =
  | { readonly ok: true; readonly status: 200 | 201 | 202; readonly body: object }
  | { readonly ok: false; readonly status: number; readonly detail: string };

const pin = z.string().regex(/^\d{4,12}$/, 'a PIN has 4 to 12 digits');
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const name = z.string().trim().min(1).max(64);

const createSchema = z.strictObject({
  title: z.string().trim().min(1).max(120),
  organisation: z.string().min(1).max(64),
  hostPin: pin.optional(),
  /** null: guests need none. Left out: one is made. */
  guestPin: pin.nullable().optional(),
  lobby: z.enum(['off', 'outsiders', 'guests']).default('outsiders'),
  admits: z.enum(['everybody', 'connected', 'organisation']).default('everybody'),
  maxParticipants: z.int().min(2).max(1000).default(100),
  maxMinutes: z.int().min(1).max(2880).optional(),
  /** Both or neither: a scheduled meeting. */
  from: time.optional(),
  until: time.optional(),
  roomSystems: z.boolean().default(true),
});
const linkSchema = z.strictObject({ role: z.enum(['host', 'guest']), until: time.optional() });
const lockSchema = z.strictObject({ locked: z.boolean() });
const inviteSchema = z.strictObject({ address: z.string().trim().min(1).max(128) });
const muteSchema = z.strictObject({
  participant: name.optional(),
  source: z.enum(['microphone', 'camera', 'slides']).default('microphone'),
  muted: z.boolean().default(true),
});

/** A meeting to be made. Times in ms since 1970. */
export type MeetingOrder = z.output<typeof createSchema>;
export type LinkOrder = z.output<typeof linkSchema>;
export type MuteOrder = z.output<typeof muteSchema>;

/** `/meetings` of the API. `source` undefined: this instance has no meeting service, and every path answers so. */
export function meetingRoutes(api: FastifyInstance, source: MeetingSource | undefined): void {
  const route = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    answer: (
      source: MeetingSource,
      request: FastifyRequest,
      parameters: { readonly id: string; readonly participant: string },
    ) => Promise<MeetingAnswer>,
  ) =>
    api.route({
      method,
      url: `/meetings${url}`,
      handler: async (request, reply) => {
        if (!source) return problem(reply, 404, 'This instance has no meeting service: bridge.enabled is false in its configuration');
        const { id = '', participant = '' } = request.params as Readonly<Record<string, string | undefined>>;
        if (id.length > 128 || participant.length > 64) return problem(reply, 404, 'There is no such meeting');
        return send(reply, await answer(source, request, { id, participant }));
      },
    });

  route('GET', '', async (meetings, request) => {
    const limit = limitOf(request);
    if (limit === undefined) return { ok: false, status: 400, detail: LIMIT_WRONG };
    return { ok: true, status: 200, body: { meetings: await meetings.list(limit) } };
  });
  route('POST', '', (meetings, { body }) => checked(createSchema, body, (order) => meetings.create(order)));
  route('GET', '/:id', (meetings, _request, { id }) => meetings.one(id));
  route('PATCH', '/:id', (meetings, { body }, { id }) => checked(lockSchema, body, ({ locked }) => meetings.lock(id, locked)));
  route('DELETE', '/:id', (meetings, _request, { id }) => meetings.end(id));
  route('POST', '/:id/links', (meetings, { body }, { id }) => checked(linkSchema, body, (order) => meetings.links(id, order)));
  route('POST', '/:id/mute', (meetings, { body }, { id }) => checked(muteSchema, body ?? {}, (order) => meetings.mute(id, order)));
  route('POST', '/:id/participants', (meetings, { body }, { id }) =>
    checked(inviteSchema, body, ({ address }) => meetings.invite(id, address)),
  );
  route('POST', '/:id/participants/:participant/admit', (meetings, _request, { id, participant }) => meetings.admit(id, participant));
  route('DELETE', '/:id/participants/:participant', (meetings, _request, { id, participant }) => meetings.expel(id, participant));
}

async function checked<T>(schema: z.ZodType<T>, body: unknown, go: (value: T) => Promise<MeetingAnswer>): Promise<MeetingAnswer> {
  const { success, data, error } = schema.safeParse(body ?? {});
  if (success) return go(data);
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return { ok: false, status: 400, detail: `${where === '' ? 'The body' : where}: ${issue?.message ?? 'cannot be understood'}` };
}

function send(reply: FastifyReply, answer: MeetingAnswer): FastifyReply {
  return answer.ok ? reply.code(answer.status).send(answer.body) : problem(reply, answer.status, answer.detail);
}
