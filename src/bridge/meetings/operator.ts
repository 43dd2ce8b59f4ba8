import { randomInt } from 'node:crypto';
import type { Clock, EpochMs } from '../../clock.js';
import { refusals } from '../../gatekeeper/calls/reasons.js';
import type { Plan } from '../../gatekeeper/plan/plan.js';
import type { MeetingHold } from '../../state/meeting-store.js';
import type { StateStore } from '../../state/store.js';
import type { ParticipantId, StreamSource } from '../media/media.js';
import { ADHOC_MS } from './definitions.js';
import type { HeldMeeting } from './held-meeting.js';
import type { MeetingDefinition, Role } from './meeting.js';
import type { MeetingService } from './meetings.js';

export interface OperatorOptions {
  readonly service: MeetingService;
  readonly store: Pick<StateStore, 'meetings' | 'members'>;
  readonly plan: () => Plan;
  readonly clock: Pick<Clock, 'now'>;
  /** This instance's name. */
  readonly instance: string;
  /** As participants reach the pages, without a slash at the end. */
  readonly url: () => string;
}

/** A meeting to be made. Times in ms since 1970. */
export interface NewMeeting {
  readonly title: string;
  readonly organisation: string;
  readonly hostPin?: string | undefined;
  /** null: guests need none. Undefined: one is made. */
  readonly guestPin?: string | null | undefined;
  readonly lobby: MeetingDefinition['lobby'];
  readonly admits: MeetingDefinition['admits'];
  readonly maxParticipants: number;
  readonly maxMinutes?: number | undefined;
  /** With `until`: a scheduled meeting. */
  readonly from?: EpochMs | undefined;
  readonly until?: EpochMs | undefined;
  readonly roomSystems: boolean;
}

type Answer =
  | { readonly ok: true; readonly status: 200 | 201 | 202; readonly body: object }
  | { readonly ok: false; readonly status: number; readonly detail: string };

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const LINK_MS = 30 * dayMs;
const LONGEST_LINK_MS = 366 * dayMs;
const PIN_DIGITS = 6;
const LISTED_AT_ONCE = 50;

/** Meetings as operators and other systems see and change them, through the API. Answers are JSON values; refusals are sentences. */
export class MeetingOperator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Without titles and participants: who meets whom is for those who ask for the one meeting. */
  async list(limit: number): Promise<readonly object[]> {
    const definitions = (await this.#options.service.definitions.all()).slice(0, limit);
    const listed: object[] = [];
    // Some at a time: the store has others to serve.
    for (let at = 0; at < definitions.length; at += LISTED_AT_ONCE) {
      listed.push(...(await Promise.all(definitions.slice(at, at + LISTED_AT_ONCE).map((definition) => this.#listed(definition)))));
    }
    return listed;
  }

  async #listed({ id, kind, organisation, from, until, maxParticipants }: MeetingDefinition): Promise<object> {
    const hold = await this.#options.store.meetings.holder(id);
    const held = this.#options.service.heldHere(id);
    return {
      id,
      kind,
      organisation,
      ...times({ from, until }),
      maxParticipants,
      heldBy: this.#instanceOf(hold),
      ...(held ? { participants: held.attendance.present - held.attendance.waiting, waiting: held.attendance.waiting } : {}),
    };
  }

  async one(meeting: string): Promise<Answer> {
    const found = await this.#find(meeting);
    if (!found.ok) return found;
    const { definition, hold, held } = found;
    const { hostPin, guestPin, from, until, linkSeed: _, ...rest } = definition;
    const view = held?.view(undefined);
    return done({
      ...rest,
      ...times({ from, until }),
      // That there is one; which it is was said when the meeting was made.
      hasHostPin: hostPin !== undefined,
      hasGuestPin: guestPin !== undefined,
      heldBy: this.#instanceOf(hold),
      ...(held && view
        ? {
            locked: view.locked,
            startedAt: held.startedAt === undefined ? null : new Date(held.startedAt).toISOString(),
            videoFormat: view.videoFormat,
            speaker: view.speaker ?? null,
            participants: view.participants.map((participant) => ({ ...participant, quality: summarise(held, participant.id) })),
          }
        : {}),
    });
  }

  async create(order: NewMeeting): Promise<Answer> {
    const { service, plan, clock } = this.#options;
    const now = clock.now();
    const { from, until } = order;
    if (!plan().organisations.has(order.organisation))
      return refused(400, 'organisation: the address plan has no organisation of this name');
    if ((from === undefined) !== (until === undefined))
      return refused(400, 'from, until: a scheduled meeting has both, an ad hoc one neither');
    if (from !== undefined && until !== undefined && (until <= from || until <= now)) {
      return refused(400, 'until: the meeting must end after it began, and not in the past');
    }
    if (until !== undefined && until > now + LONGEST_LINK_MS) return refused(400, 'until: at most 366 days ahead');
    const guestPin = order.guestPin === undefined ? randomPin(order.hostPin) : (order.guestPin ?? undefined);
    if (guestPin !== undefined && guestPin === order.hostPin) return refused(400, 'guestPin: must differ from hostPin');
    const forgottenAt = until === undefined ? now + ADHOC_MS : until + hourMs;
    const created = await service.definitions.create(
      (id) => ({
        id,
        kind: until === undefined ? 'adhoc' : 'scheduled',
        title: order.title,
        organisation: order.organisation,
        hostPin: order.hostPin,
        guestPin,
        lobby: order.lobby,
        admits: order.admits,
        maxParticipants: order.maxParticipants,
        maxMinutes: order.maxMinutes,
        from,
        until,
        roomSystems: order.roomSystems,
      }),
      forgottenAt,
      (below) => randomInt(below),
    );
    if (created === 'away') return refused(503, 'The shared state does not answer: try again in a moment');
    if (created === 'full')
      return refused(507, 'No number of the meeting series is free: end meetings, or make the series longer in the address plan');
    const { id } = created;
    const linksUntil = until ?? forgottenAt;
    return {
      ok: true,
      status: 201,
      body: {
        id,
        kind: created.kind,
        address: `${id}@${plan().meetings.domain}`,
        hostPin: created.hostPin ?? null,
        guestPin: guestPin ?? null,
        hostLink: this.#link(created, 'host', linksUntil),
        guestLink: this.#link(created, 'guest', linksUntil),
        linksUntil: new Date(linksUntil).toISOString(),
      },
    };
  }

  async links(meeting: string, { role, until }: { readonly role: Role; readonly until?: EpochMs | undefined }): Promise<Answer> {
    const found = await this.#find(meeting);
    if (!found.ok) return found;
    const now = this.#options.clock.now();
    const { definition } = found;
    const adhoc = definition.kind === 'adhoc';
    const ends = until ?? definition.until ?? now + (adhoc ? ADHOC_MS : LINK_MS);
    if (ends <= now || ends > now + LONGEST_LINK_MS) return refused(400, 'until: in the future, and at most 366 days ahead');
    if (adhoc && ends > now + ADHOC_MS) return refused(400, 'until: at most a day ahead, as the meeting is ad hoc: it may be gone by then');
    return {
      ok: true,
      status: 201,
      body: { role, link: this.#link(definition, role, ends), until: new Date(ends).toISOString() },
    };
  }

  /** Everybody is out; one that was made through the API is gone. A permanent one may begin anew at once. */
  async end(meeting: string): Promise<Answer> {
    const found = await this.#find(meeting);
    if (!found.ok) return found;
    const { definition, held, hold } = found;
    const { store, service } = this.#options;
    // Another node that lives must end it itself. One that died has nobody in it any more, and what is opened here now ends when it is open.
    if (!held && hold && hold.member !== store.members.self && store.members.others().some(({ id }) => id === hold.member))
      return this.#elsewhere(hold);
    const removed = definition.kind === 'permanent' ? false : await service.definitions.remove(definition.id);
    if (removed === 'away') return refused(503, 'The shared state does not answer: try again in a moment');
    const ended = held ?? (await service.opening(definition.id));
    ended?.controls.end();
    return done({ ended: ended !== undefined, removed });
  }

  async lock(meeting: string, locked: boolean): Promise<Answer> {
    return this.#inHeld(meeting, ({ controls }) => {
      controls.lock(locked);
      return done({ locked });
    });
  }

  async invite(meeting: string, address: string): Promise<Answer> {
    return this.#inHeld(meeting, async ({ controls }) => {
      const refusal = await controls.invite(address);
      if (!refusal) return { ok: true, status: 202, body: { address } };
      return refused(refusal === 'addressUnreadable' ? 400 : 503, refusals[refusal].sip.warning);
    });
  }

  async admit(meeting: string, participant: ParticipantId): Promise<Answer> {
    return this.#inHeld(meeting, ({ controls }) => (controls.admit(participant) ? done({ participant }) : nobody));
  }

  async expel(meeting: string, participant: ParticipantId): Promise<Answer> {
    return this.#inHeld(meeting, ({ controls }) => (controls.expel(participant) ? done({ participant }) : nobody));
  }

  async mute(
    meeting: string,
    order: { readonly participant?: ParticipantId | undefined; readonly source: StreamSource; readonly muted: boolean },
  ): Promise<Answer> {
    const { participant, source, muted } = order;
    return this.#inHeld(meeting, ({ controls }) => {
      if (participant !== undefined) return controls.mute(participant, source, muted) ? done({ participant, source, muted }) : nobody;
      if (source !== 'microphone' || !muted) return refused(400, 'participant: all together can only have their microphones muted');
      controls.muteAll();
      return done({ source, muted });
    });
  }

  async #inHeld(meeting: string, act: (held: HeldMeeting) => Answer | Promise<Answer>): Promise<Answer> {
    const found = await this.#find(meeting);
    if (!found.ok) return found;
    const { held, hold } = found;
    if (held) return act(held);
    return hold ? this.#elsewhere(hold) : refused(409, 'Nobody is in the meeting now');
  }

  async #find(meeting: string) {
    const definition = await this.#options.service.find(meeting);
    if (!definition) return refused(404, 'There is no meeting of this number or name');
    const hold = await this.#options.store.meetings.holder(definition.id);
    return { ok: true, definition, hold, held: this.#options.service.heldHere(definition.id) } as const;
  }

  #elsewhere(hold: MeetingHold): Answer {
    return refused(409, `The meeting is held by the instance ${this.#instanceOf(hold) ?? 'that was lost'}: ask its API`);
  }

  #instanceOf(hold: MeetingHold | undefined): string | null {
    const { members } = this.#options.store;
    if (!hold) return null;
    if (hold.member === members.self) return this.#options.instance;
    return members.others().find(({ id }) => id === hold.member)?.instance ?? hold.member.split('/')[0] ?? null;
  }

  #link(meeting: MeetingDefinition, role: Role, until: EpochMs): string {
    return `${this.#options.url()}/m/${encodeURIComponent(meeting.id)}#k=${this.#options.service.links.make(meeting, role, until)}`;
  }
}

const nobody: Answer = { ok: false, status: 404, detail: 'There is no such participant (any more)' };

function done(body: object): Answer {
  return { ok: true, status: 200, body };
}

function refused(status: number, detail: string) {
  return { ok: false, status, detail } as const;
}

function times({ from, until }: { readonly from: EpochMs | undefined; readonly until: EpochMs | undefined }) {
  return {
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
}

/** Each way and kind in one line; what is not known is left out. */
function summarise(held: HeldMeeting, participant: ParticipantId): object[] {
  return held.qualityOf(participant).map(({ participant: _, ...report }) => report);
}

function randomPin(but: string | undefined): string {
  for (;;) {
    const pin = String(randomInt(10 ** PIN_DIGITS)).padStart(PIN_DIGITS, '0');
    if (pin !== but) return pin;
  }
}
