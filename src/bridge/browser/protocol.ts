import { z } from 'zod';

/**
 * What a page and the meeting service say to each other over one WebSocket, as JSON text. Version 1 (`Sec-WebSocket-Protocol: portvakt.meeting.1`).
 *
 * The page sends requests `{id, do, …}` and hears `{id, ok: true, …}` or `{id, ok: false, error}` to each; besides that the service sends
 * news `{news, …}`. The first request is `join`; everything else before it has succeeded is out of turn. After `join` the page may be in
 * the lobby: then only `leave` is in turn until the news `admitted`.
 */
export const protocolName = 'portvakt.meeting.1';

const text = (max: number) => z.string().min(1).max(max);
const id = text(64);
const source = z.enum(['microphone', 'camera', 'slides']);
/** mediasoup's own structures: their shape is checked by mediasoup, their size by the frame's limit. */
const media = z.record(z.string(), z.unknown());

const request = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.strictObject({ id: z.int().nonnegative(), do: z.literal(name), ...shape });

export const requestSchema = z.discriminatedUnion('do', [
  /**
   * `meeting`: number or name. `key`: from the link. `resume`: what the last `join` gave, after the connection broke; where the seat was taken
   * away meanwhile (expelled, ended), the answer is the error `out` with the reason, once, and not a new seat.
   */
  request('join', {
    meeting: text(128),
    name: text(64),
    key: text(128).optional(),
    pin: z
      .string()
      .regex(/^\d{1,12}$/)
      .optional(),
    resume: text(128).optional(),
    language: z.enum(['sv', 'en']).optional(),
  }),
  request('leave', {}),
  request('openTransport', { direction: z.enum(['send', 'receive']) }),
  request('connectTransport', { transport: id, dtlsParameters: media }),
  request('restartIce', { transport: id }),
  request('produce', { transport: id, source, rtpParameters: media }),
  request('closeStream', { source }),
  /**
   * `paused` false takes back a mute of everybody (`muteAll`), too. What a host muted this participant alone stays muted until a host takes
   * that back: the answer is still ok, and the news `mutedByHost` comes once more.
   */
  request('pauseStream', { source, paused: z.boolean() }),
  request('consume', { transport: id, stream: text(160), rtpCapabilities: media }),
  request('resumeConsumer', { consumer: id }),
  request('pauseConsumer', { consumer: id }),
  request('preferLayer', { consumer: id, spatial: z.int().min(0).max(3) }),
  request('closeConsumer', { consumer: id }),
  request('quality', { freezes: z.int().nonnegative() }),
  /** A host's. */
  request('admit', { participant: id }),
  request('refuse', { participant: id }),
  request('expel', { participant: id }),
  /** `muted` left out: true, which holds until a host sends false: the participant cannot take it back by itself. */
  request('mute', { participant: id, source, muted: z.boolean().optional() }),
  /** Every microphone but those of hosts, once: each may unmute itself when it is asked something. */
  request('muteAll', {}),
  request('lock', { locked: z.boolean() }),
  request('invite', { address: text(128) }),
  request('end', {}),
]);

export type Request = z.infer<typeof requestSchema>;
export type RequestOf<Name extends Request['do']> = Extract<Request, { do: Name }>;

/** Why a request failed. The page has a sentence for each in each language. */
export type ErrorCode =
  | 'badRequest'
  | 'outOfTurn'
  | 'tooMany'
  | 'meetingUnknown'
  | 'meetingLocked'
  | 'meetingFull'
  | 'meetingNotNow'
  | 'meetingNotForYou'
  | 'licencesExhausted'
  | 'pinNeeded'
  | 'pinWrong'
  | 'pinLockedOut'
  | 'notHost'
  | 'participantUnknown'
  | 'streamUnknown'
  | 'mediaNotAcceptable'
  | 'mediaUnavailable'
  | 'elsewhere'
  /** To `join` with `resume`: see `reason` of the reply. The page shows it, and does not come again by itself. */
  | 'out'
  | 'internal';

/** Why a seat is gone for good. */
export type OutReason = 'expelled' | 'ended' | 'refused' | 'timeUp';

export type Reply =
  | ({ readonly id: number; readonly ok: true } & Record<string, unknown>)
  | {
      readonly id: number;
      readonly ok: false;
      readonly error: ErrorCode;
      /** English, for a technician. */
      readonly message: string;
      /** `pinLockedOut`, `tooMany`: so long nothing is listened to. */
      readonly retryMs?: number | undefined;
      /** `elsewhere`: the page goes there with the same request. */
      readonly url?: string | undefined;
      /** `out`: as the news `out` would have told it, had there been a connection. */
      readonly reason?: OutReason | undefined;
    };

/** What a successful request gives beside `ok`. Others give nothing. */
export interface Results {
  join: {
    readonly participant: string;
    readonly where: 'lobby' | 'in';
    readonly role: 'host' | 'guest';
    readonly title: string;
    readonly resume: string;
    /** For mediasoup-client's `Device.load`. */
    readonly rtpCapabilities: object;
    readonly iceServers: readonly object[];
    /** The pages' addresses of the other nodes (`https://mote-2.example`): where this one does not answer any more, the meeting goes on there. */
    readonly nodes: readonly string[];
  };
  /** `transport`, not `id`: in a reply that is the request's. */
  openTransport: {
    readonly transport: string;
    readonly iceParameters: object;
    readonly iceCandidates: readonly object[];
    readonly dtlsParameters: object;
  };
  restartIce: { readonly iceParameters: object };
  produce: { readonly stream: string };
  consume: {
    readonly consumer: string;
    readonly stream: string;
    readonly producerId: string;
    readonly kind: 'audio' | 'video';
    readonly rtpParameters: object;
    readonly layers: number;
  };
}

export interface StreamSummary {
  readonly id: string;
  readonly source: 'microphone' | 'camera' | 'slides';
  readonly kind: 'audio' | 'video';
}

export interface ParticipantSummary {
  readonly id: string;
  readonly name: string;
  readonly kind: 'room' | 'browser';
  readonly role: 'host' | 'guest';
  readonly where: 'lobby' | 'in';
  readonly organisation: string | undefined;
  readonly cipher: string;
  readonly muted: { readonly self: boolean; readonly host: boolean };
  readonly streams: readonly StreamSummary[];
}

export type News =
  /** The whole list, first after `join` or `admitted`; guests are not told who waits in the lobby. */
  | { readonly news: 'participants'; readonly participants: readonly ParticipantSummary[] }
  | { readonly news: 'participant'; readonly participant: ParticipantSummary }
  | { readonly news: 'participantLeft'; readonly participant: string }
  | { readonly news: 'admitted' }
  | { readonly news: 'role'; readonly role: 'host' | 'guest' }
  | { readonly news: 'speaking'; readonly participants: readonly string[]; readonly speaker: string | undefined }
  | { readonly news: 'locked'; readonly locked: boolean }
  | { readonly news: 'videoFormat'; readonly codec: 'H264' | 'VP8'; readonly packetizationMode: 0 | 1; readonly maxBitrate: number }
  /**
   * The host's mute: the page shows it; nothing is forwarded while it holds. `holds`: the participant cannot take it back. That a host did shows
   * in the news `participant` (`muted.host`).
   */
  | { readonly news: 'mutedByHost'; readonly source: 'microphone' | 'camera' | 'slides'; readonly holds?: boolean }
  | { readonly news: 'consumerClosed'; readonly consumer: string }
  /** Its media went with a worker: transports are to be opened again; the seat stands. */
  | { readonly news: 'mediaLost' }
  | {
      readonly news: 'invited';
      readonly address: string;
      readonly outcome: 'ringing' | 'joined' | 'failed';
      readonly reason?: string | undefined;
    }
  /** The service closes the connection after this. */
  | { readonly news: 'out'; readonly reason: OutReason | 'stopped' | 'replaced' };
