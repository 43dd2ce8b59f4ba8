import { randomBytes } from 'node:crypto';
import type { Clock, EpochMs, Timer } from '../../clock.js';
import type { Meetings, Seat } from '../meetings/meeting.js';
import { shownName } from '../meetings/shown-name.js';
import { AllowanceBySource, OpenBySource } from './allowance.js';
import type { Joined } from './connection.js';
import { joinRefused, RequestError } from './errors.js';
import type { OutReason, RequestOf } from './protocol.js';
import { Session } from './session.js';

/** So long a seat stands after its connection broke. */
export const RESUME_MS = 30_000;

/** Tokens of those whose seat was taken away while their connection was broken. Beyond, the oldest are forgotten. */
const OUT_MOST = 10_000;
/** Of one source: newcomers in a second, on average. As many at once as may be connected. */
const JOINS_PER_SECOND = 2;

export interface SessionsOptions {
  readonly meetings: Pick<Meetings, 'join'>;
  readonly clock: Clock;
  /** For RTCPeerConnection. */
  readonly iceServers: readonly object[];
  /** Pages of one source, those too that have lost their connection and may come back. */
  readonly mostOfSource: number;
  /** Pages' addresses of the other nodes. */
  readonly nodes: () => readonly string[];
}

interface Kept {
  readonly session: Session;
  readonly meeting: string;
  readonly source: string;
  resume: string;
  /** The token before that, good until the page has shown that it got the new one: its answer may have been lost with the connection. */
  before: string | undefined;
  /** While it has no connection: until its seat is given up. */
  leaving: Timer | undefined;
}

/** The pages' sessions of this node: those with a connection, and those that may come back. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byResume = new Map<string, Kept>();
  readonly #bySession = new Map<Session, Kept>();
  /** By token, oldest first: who comes back and is to hear that, and why, it has no seat any more. */
  readonly #out = new Map<string, { readonly meeting: string; readonly reason: OutReason; readonly until: EpochMs }>();
  readonly #joins: AllowanceBySource;
  readonly #seats: OpenBySource;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#joins = new AllowanceBySource(JOINS_PER_SECOND, options.mostOfSource);
    this.#seats = new OpenBySource(Number.POSITIVE_INFINITY, options.mostOfSource);
  }

  get size(): number {
    return this.#bySession.size;
  }

  /** @throws {RequestError} */
  async join(request: RequestOf<'join'>, source: string): Promise<Joined> {
    const kept = request.resume === undefined ? undefined : this.#byResume.get(request.resume);
    if (kept && kept.meeting === request.meeting && !kept.session.over) return this.#resumed(kept, request.resume);
    if (request.resume !== undefined) this.#refuseOut(request.resume, request.meeting);
    const { clock } = this.#options;
    const retryMs = this.#joins.take(source, clock.now());
    if (retryMs > 0) throw new RequestError('tooMany', 'Too many come from your network at once', retryMs);
    // Seats that stand without a connection count until they are given up, so that coming and going takes no more than staying.
    if (this.#seats.enter(source) !== 'ok') throw new RequestError('tooMany', 'Too many of your network are in meetings', RESUME_MS);
    return this.#joinedAs(await this.#newcomer(request, source));
  }

  /** Its place among those of its source is taken already. @throws {RequestError} and then it is given back */
  async #newcomer(request: RequestOf<'join'>, source: string): Promise<Kept> {
    const { meeting } = request;
    const seat = await this.#seatFor(request, source).catch((error: unknown) => {
      this.#seats.leave(source);
      throw error;
    });
    const session: Session = new Session(seat, this.#options.clock, (reason) => this.#forget(session, reason));
    const resume = token();
    const fresh: Kept = { session, meeting, source, resume, before: undefined, leaving: undefined };
    // It may be out already: the meeting ended while it came.
    if (seat.where === 'out') {
      this.#seats.leave(source);
    } else {
      this.#bySession.set(session, fresh);
      this.#byResume.set(resume, fresh);
    }
    return fresh;
  }

  async #seatFor({ meeting, name, key, pin }: RequestOf<'join'>, source: string): Promise<Seat> {
    const clean = shownName(name);
    if (clean === '') throw new RequestError('badRequest', 'name: say what the others are to call you');
    const joined = await this.#options.meetings.join(meeting, { kind: 'browser', name: clean, key, pin, source });
    if (!joined.ok) throw joinRefused(joined);
    return joined.seat;
  }

  /** The page has spoken since it joined: what an older one still knows leads nowhere from now on. */
  confirmed(session: Session): void {
    const kept = this.#bySession.get(session);
    if (kept) this.#drop(kept.before);
  }

  /** Its connection broke: the seat stands for a while. */
  broken(session: Session): void {
    const kept = this.#bySession.get(session);
    if (!kept) return;
    kept.leaving?.cancel();
    kept.leaving = this.#options.clock.after(RESUME_MS, () => session.seat.leave('left'));
  }

  close(): void {
    for (const { leaving } of this.#bySession.values()) leaving?.cancel();
    this.#bySession.clear();
    this.#byResume.clear();
    this.#out.clear();
  }

  #resumed(kept: Kept, by: string | undefined): Joined {
    kept.leaving?.cancel();
    kept.leaving = undefined;
    // The page has this one for certain; the other it never got, or has forgotten.
    this.#drop(by === kept.resume ? kept.before : kept.resume);
    kept.before = by;
    kept.resume = token();
    this.#byResume.set(kept.resume, kept);
    return this.#joinedAs(kept);
  }

  #forget(session: Session, reason: OutReason | undefined): void {
    const kept = this.#bySession.get(session);
    if (!kept) return;
    const { leaving, resume, before, source } = kept;
    leaving?.cancel();
    this.#bySession.delete(session);
    this.#seats.leave(source);
    for (const token of [resume, before]) {
      if (token === undefined) continue;
      this.#drop(token);
      // Told to who is connected; but is he? A connection may be broken for a while before that shows.
      if (reason !== undefined) this.#rememberOut(token, kept.meeting, reason);
    }
  }

  #rememberOut(token: string, meeting: string, reason: OutReason): void {
    const now = this.#options.clock.now();
    for (const [old, { until }] of this.#out) {
      if (until > now && this.#out.size < OUT_MOST) break;
      this.#out.delete(old);
    }
    this.#out.set(token, { meeting, reason, until: now + RESUME_MS });
  }

  /** Who was put out would otherwise come straight back in, as its page comes back by itself. @throws {RequestError} */
  #refuseOut(token: string, meeting: string): void {
    const out = this.#out.get(token);
    if (!out) return;
    this.#out.delete(token);
    if (out.meeting !== meeting || out.until <= this.#options.clock.now()) return;
    throw new RequestError('out', sentences[out.reason], undefined, undefined, out.reason);
  }

  #joinedAs({ session, resume }: Kept): Joined {
    const { seat } = session;
    if (seat.where === 'out') throw new RequestError('mediaUnavailable', 'The meeting ended while you came: join again');
    return {
      session,
      result: {
        participant: seat.participant,
        where: seat.where === 'in' ? 'in' : 'lobby',
        role: seat.role,
        title: seat.view().title,
        resume,
        rtpCapabilities: seat.media.rtpCapabilities,
        iceServers: this.#options.iceServers,
        nodes: this.#options.nodes(),
      },
    };
  }

  #drop(token: string | undefined): void {
    if (token !== undefined) this.#byResume.delete(token);
  }
}

const sentences: Readonly<Record<OutReason, string>> = {
  expelled: 'A host has put you out of the meeting',
  ended: 'The meeting has ended',
  refused: 'A host did not let you in',
  timeUp: 'The time of the meeting is over, or you waited too long',
};

function token(): string {
  return randomBytes(18).toString('base64url');
}
