import type { DtlsParameters, IceParameters, MediaKind, RtpCapabilities, RtpParameters, SrtpParameters } from 'mediasoup/types';
import type {
  BrowserConsumer,
  BrowserTransport,
  Direction,
  MeetingId,
  ParticipantId,
  QualityReport,
  RoomAudioCodec,
  RoomLineId,
  RoomLineLocal,
  RoomLineOptions,
  RoomLineRemote,
  RoomVideoCodec,
  StreamId,
  StreamInfo,
  StreamSource,
  VideoFormat,
} from './media.js';

/**
 * One router of a meeting on one worker, with the legs that stand there: what runs in the worker's thread. Arguments and results can be
 * copied between threads and written as JSON, so that a part may just as well stand on another node.
 *
 * A meeting has one part, its *home*, where sound is mixed and the speaker is switched, and further parts when it is larger than one worker
 * takes or when a node helps out. What a part's legs are sent that the part does not have is piped there by `MeetingMedia` (parts.ts).
 * Every method rejects with MediaError.
 */
export interface PartApi {
  open(options: PartOptions): Promise<{ readonly rtpCapabilities: RtpCapabilities }>;
  close(): Promise<void>;

  openRoomLine(participant: ParticipantId, line: RoomLineId, options: RoomLineOptions): Promise<RoomLineLocal>;
  connectRoomLine(participant: ParticipantId, line: RoomLineId, remote: RoomLineRemote): Promise<void>;
  directRoomLine(participant: ParticipantId, line: RoomLineId, direction: Direction): Promise<void>;
  /** To be told at home, and where the leg stands. */
  closeRoomLine(participant: ParticipantId, line: RoomLineId): Promise<void>;
  requestKeyFrame(participant: ParticipantId): Promise<void>;

  /** One each way: a further one takes the place of the one before it, which closes with all that it carries. */
  openBrowserTransport(participant: ParticipantId, direction: 'send' | 'receive'): Promise<BrowserTransport>;
  connectBrowserTransport(participant: ParticipantId, transport: string, dtls: DtlsParameters): Promise<void>;
  restartIce(participant: ParticipantId, transport: string): Promise<IceParameters>;
  produce(participant: ParticipantId, transport: string, source: StreamSource, rtpParameters: RtpParameters): Promise<StreamId>;
  closeStream(participant: ParticipantId, source: StreamSource): Promise<void>;
  /** `by`: the participant's own mute and the host's are kept apart; the stream flows when neither holds it. */
  pauseStream(participant: ParticipantId, source: StreamSource, by: 'self' | 'host', paused: boolean): Promise<void>;
  /** The stream must be here: its own, or piped in. A second consumer of it in one leg takes the place of the first. */
  consume(participant: ParticipantId, transport: string, stream: StreamId, capabilities: RtpCapabilities): Promise<BrowserConsumer>;
  resumeConsumer(participant: ParticipantId, consumer: string): Promise<void>;
  pauseConsumer(participant: ParticipantId, consumer: string): Promise<void>;
  preferLayer(participant: ParticipantId, consumer: string, spatial: number): Promise<void>;
  closeConsumer(participant: ParticipantId, consumer: string): Promise<void>;

  /** Away with all that a participant has here. Unknown: nothing happens. */
  closeLeg(participant: ParticipantId): Promise<void>;

  /**
   * What a connected room line is sent: `feed` must be here. At home it is made by `makeFeed`; elsewhere it is piped in.
   * Undefined: nothing, as while it is on hold.
   */
  feedRoomLine(participant: ParticipantId, line: RoomLineId, feed: FeedId | undefined): Promise<void>;

  // ---- at home alone

  /**
   * A stream takes part in mix and speaker switch (from here, or piped in), until it closes. Sound in G.722 or G.711 (its id ends in `:raw`) is told
   * to nobody else: home makes Opus of it, and says `streamOpened` of that.
   */
  hear(stream: StreamInfo & { readonly dtmfPayloadType?: number | undefined }): Promise<void>;
  show(stream: StreamInfo): Promise<void>;
  /** Makes what these room systems are sent, or finds that it is made already. */
  makeFeed(want: FeedWish): Promise<FeedId>;
  /** A feed that nobody has any more may go. */
  dropFeed(feed: FeedId): Promise<void>;
  announce(participant: ParticipantId, tone: 'enter-pin' | 'wrong-pin' | 'waiting' | 'admitted'): Promise<void>;
  /** Waiting legs are not heard, and their own sound feed carries announcements only. To be told at home, and where the leg stands. */
  setWaiting(participant: ParticipantId, waiting: boolean): Promise<void>;

  // ---- between parts

  /** Told to all parts but home, as home's event said: whose own lines show `previous` from now on, or nothing where nobody is. */
  setSpeaker(participant: ParticipantId | undefined, previous: ParticipantId | undefined): Promise<void>;

  openPipe(pipe: PipeId): Promise<PipeEnd>;
  connectPipe(pipe: PipeId, far: PipeEnd): Promise<void>;
  /** Lets a stream or feed out: gives what the far part must be told. */
  pipeOut(pipe: PipeId, what: StreamId | FeedId): Promise<PipedStream>;
  pipeIn(pipe: PipeId, what: PipedStream): Promise<void>;
  /**
   * Without `pipe`, at the receiving end: what was piped in is gone. With `pipe`, at the sending end: that part needs it no more; the stream
   * itself goes on. Unknown: nothing happens.
   */
  closePiped(what: StreamId | FeedId, pipe?: PipeId): Promise<void>;
  /** With all that goes through it. */
  closePipe(pipe: PipeId): Promise<void>;
}

export interface PartOptions {
  readonly meeting: MeetingId;
  readonly home: boolean;
}

/** `sound:PCMA:8`: the mix for all who are not heard now. `sound:PCMA:8:<participant>`: without this one. `picture:97:1`: payload type, mode. */
export type FeedId = string;
export type FeedWish =
  | { readonly kind: 'sound'; readonly participant: ParticipantId; readonly codec: RoomAudioCodec }
  | { readonly kind: 'picture'; readonly participant: ParticipantId; readonly codec: RoomVideoCodec };

/** The same at both its ends. `node:…`: they are on two nodes, so its address is one that others reach; else it stays on loopback. */
export type PipeId = string;
export interface PipeEnd {
  readonly ip: string;
  readonly port: number;
  /** Pipes are encrypted, those inside a node too. */
  readonly srtp: SrtpParameters | undefined;
}
export interface PipedStream {
  readonly id: StreamId | FeedId;
  readonly kind: MediaKind;
  readonly rtpParameters: RtpParameters;
  readonly paused: boolean;
  readonly info: StreamInfo | undefined;
}

/** What a part says by itself. */
export type PartEvent =
  | { readonly event: 'streamOpened'; readonly stream: StreamInfo; readonly dtmfPayloadType?: number | undefined }
  | { readonly event: 'streamClosed'; readonly stream: StreamId }
  | { readonly event: 'speaking'; readonly participants: readonly ParticipantId[] }
  | { readonly event: 'speaker'; readonly participant: ParticipantId | undefined; readonly previous?: ParticipantId | undefined }
  /** By SIP INFO (RFC 5168): this room system knows no other way. */
  | { readonly event: 'keyFrameNeeded'; readonly participant: ParticipantId }
  | { readonly event: 'digit'; readonly participant: ParticipantId; readonly digit: string }
  | { readonly event: 'videoFormat'; readonly format: VideoFormat }
  /** The room system's line wants another feed from now on, as it is heard now, or no longer. */
  | { readonly event: 'feedChanged'; readonly participant: ParticipantId; readonly line: RoomLineId; readonly feed: FeedId }
  | { readonly event: 'quality'; readonly reports: readonly QualityReport[] };
