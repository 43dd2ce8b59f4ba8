import type { Clock } from '../../clock.js';
import type { BrowserMedia, ParticipantId } from '../media/media.js';
import type { LeaveReason, MeetingNews, ParticipantView, Seat, Whereabouts } from '../meetings/meeting.js';
import { Allowance } from './allowance.js';
import type { News, OutReason, ParticipantSummary } from './protocol.js';

/** Where a session's news go: its connection, while there is one. */
export interface NewsSink {
  tell(news: News): void;
  /** The same, of news that were made text already. */
  tellText(text: string): void;
  /** After what was told. `code`: RFC 6455 §7.4. */
  close(code: number, reason: string): void;
}

/** WebSocket close codes (RFC 6455 §7.4.1, and the registry of IANA). */
export const CLOSE = { normal: 1000, policy: 1008, tooLarge: 1009, serviceRestart: 1012, unsupported: 1003 } as const;

const outReasons: Partial<Readonly<Record<LeaveReason, OutReason | 'stopped'>>> = {
  expelled: 'expelled',
  ended: 'ended',
  refused: 'refused',
  timeUp: 'timeUp',
  stopped: 'stopped',
};

/** What everybody in the meeting is told of may change so often, by one page: a second, and at once. */
const CHANGES_PER_SECOND = 5;
const CHANGES_AT_ONCE = 20;

/**
 * One page's part in a meeting: its seat and its media, and what it is to hear of the others. It outlives its connection for a while: who
 * comes back with the resume token finds everything as it was.
 */
export class Session {
  readonly seat: Seat;
  #sink: NewsSink | undefined;
  #where: Whereabouts;
  #role: Seat['role'];
  #media: Promise<BrowserMedia> | undefined;
  /** Streams that it consumes, by consumer. */
  readonly #consumers = new Map<string, string>();
  readonly #changes: Allowance;
  readonly #clock: Pick<Clock, 'now'>;
  /** What it must hear of when its connection is there again; what the lists that it is given then show is not among it. */
  readonly #untold = new Map<string, News>();

  /** @param gone once, when it is out: with the reason that the page is told, where it shall not come back by itself. */
  constructor(seat: Seat, clock: Pick<Clock, 'now'>, gone: (reason: OutReason | undefined) => void) {
    this.seat = seat;
    this.#clock = clock;
    this.#changes = new Allowance(CHANGES_PER_SECOND, CHANGES_AT_ONCE, clock.now());
    this.#where = seat.where;
    this.#role = seat.role;
    seat.onChange((where, reason) => {
      this.#changed(where, reason);
      if (where === 'out') gone(goneFor(reason));
    });
    seat.onNews((news) => this.#news(news));
    seat.onMediaLost(() => {
      this.#media = undefined;
      this.#consumers.clear();
      // Its consumers went with them.
      for (const key of this.#untold.keys()) if (key.startsWith('consumer/')) this.#untold.delete(key);
      this.#tellSurely('mediaLost', { news: 'mediaLost' });
    });
  }

  get over(): boolean {
    return this.#where === 'out';
  }

  get attached(): boolean {
    return this.#sink !== undefined;
  }

  /**
   * A connection takes the session over; the one before is closed. The list comes first. `told`: where the page thinks that it is, which may
   * have changed since.
   */
  attach(sink: NewsSink, told: 'lobby' | 'in'): void {
    const before = this.#sink;
    this.#sink = sink;
    before?.tell({ news: 'out', reason: 'replaced' });
    before?.close(CLOSE.normal, 'replaced');
    if (this.#where !== 'in') return;
    if (told === 'lobby') sink.tell({ news: 'admitted' });
    this.#tellAll();
    for (const news of this.#untold.values()) sink.tell(news);
    this.#untold.clear();
  }

  /** May it change what everybody is told of? 0: now; else in so many ms. */
  mayChange(): number {
    const now = this.#clock.now();
    return this.#changes.take(now) ? 0 : Math.max(1, this.#changes.waitMs(1, now));
  }

  /** The connection broke. False: another has taken over already. */
  detach(sink: NewsSink): boolean {
    if (this.#sink !== sink) return false;
    this.#sink = undefined;
    return true;
  }

  /** Its leg in the media plane; made at the first use, and anew after it was lost. */
  media(): Promise<BrowserMedia> {
    if (this.#media) return this.#media;
    const media = this.seat.media.addBrowser(this.seat.participant);
    this.#media = media;
    media.then(
      (leg) => {
        // It left meanwhile, or the leg was lost before it was there.
        if (this.#media !== media) close(leg);
      },
      () => {
        if (this.#media === media) this.#media = undefined;
      },
    );
    return media;
  }

  consuming(consumer: string, stream: string): void {
    // It has taken the place of one that this page had of the stream.
    for (const [before, of] of this.#consumers) if (of === stream) this.#consumers.delete(before);
    this.#consumers.set(consumer, stream);
  }

  consumerClosed(consumer: string): void {
    this.#consumers.delete(consumer);
  }

  #changed(where: Whereabouts, reason: LeaveReason | undefined): void {
    const before = this.#where;
    this.#where = where;
    if (where === 'out') {
      this.#left(reason);
      return;
    }
    if (this.seat.role !== this.#role) {
      this.#role = this.seat.role;
      this.#sink?.tell({ news: 'role', role: this.#role });
    }
    if (where === 'in' && before !== 'in') {
      this.#sink?.tell({ news: 'admitted' });
      this.#tellAll();
    }
  }

  #left(reason: LeaveReason | undefined): void {
    const media = this.#media;
    this.#media = undefined;
    media?.then(close, () => undefined); // what never opened needs no closing, and its request has been answered
    const sink = this.#sink;
    this.#sink = undefined;
    const told = reason && outReasons[reason];
    if (told) sink?.tell({ news: 'out', reason: told });
    // What was lost may be there again elsewhere: the page connects anew by itself.
    const again = reason === 'lost' || reason === 'mediaFailed';
    sink?.close(again ? CLOSE.serviceRestart : CLOSE.normal, reason ?? '');
  }

  #tellAll(): void {
    const { participants, locked, speaker, speaking, videoFormat } = this.seat.view();
    this.#sink?.tell({ news: 'participants', participants: participants.map(summary) });
    this.#sink?.tell({ news: 'locked', locked });
    this.#sink?.tell({ news: 'videoFormat', ...videoFormat });
    this.#sink?.tell({ news: 'speaking', participants: speaking, speaker });
  }

  #news(news: MeetingNews): void {
    if (news.news === 'mutedByHost') {
      this.#tellSurely(`muted/${news.source}`, news);
      return;
    }
    if (this.#sink) this.#sink.tellText(textOf(news));
    if (news.news === 'participant') this.#dropConsumers(news.participant.id, news.participant);
    else if (news.news === 'participantLeft') this.#dropConsumers(news.participant, undefined);
  }

  /** Now, or when its connection is there again. */
  #tellSurely(key: string, news: News): void {
    if (this.#sink) this.#sink.tell(news);
    else this.#untold.set(key, news);
  }

  /** The media plane closes a consumer with its stream; the page is told, so that it frees its track. */
  #dropConsumers(participant: ParticipantId, now: ParticipantView | undefined): void {
    for (const [consumer, stream] of this.#consumers) {
      if (!stream.startsWith(`${participant}/`) || now?.streams.some(({ id }) => id === stream)) continue;
      this.#consumers.delete(consumer);
      this.#tellSurely(`consumer/${consumer}`, { news: 'consumerClosed', consumer });
    }
  }
}

function close(leg: BrowserMedia): void {
  // Closing one that is gone already is no fault.
  leg.close().catch(() => undefined);
}

/** So that news to hundreds of participants are made text once. */
const texts = new WeakMap<MeetingNews, string>();

function textOf(news: MeetingNews): string {
  const known = texts.get(news);
  if (known !== undefined) return known;
  const text = JSON.stringify(asTold(news));
  texts.set(news, text);
  return text;
}

function asTold(news: MeetingNews): News {
  switch (news.news) {
    case 'participant':
      return { news: 'participant', participant: summary(news.participant) };
    case 'videoFormat':
      return { news: 'videoFormat', ...news.format };
    default:
      return news;
  }
}

function goneFor(reason: LeaveReason | undefined): OutReason | undefined {
  const told = reason && outReasons[reason];
  return told === 'stopped' ? undefined : told;
}

function summary({ streams, ...view }: ParticipantView): ParticipantSummary {
  return { ...view, streams: streams.map(({ id, source, kind }) => ({ id, source, kind })) };
}
