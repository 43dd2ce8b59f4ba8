import type { DtlsParameters, IceCandidate, IceParameters, MediaKind, RtpCapabilities, RtpParameters } from 'mediasoup/types';

/** A meeting's name: the number in the meeting series, or the user part of its address. */
export type MeetingId = string;
/** One leg in one meeting; made by the meeting, never reused. */
export type ParticipantId = string;
/** What a participant sends: `<participant>/microphone`, `/camera` or `/slides`. */
export type StreamId = string;
export type StreamSource = 'microphone' | 'camera' | 'slides';

/** A stream that the others may have. */
export interface StreamInfo {
  readonly id: StreamId;
  readonly participant: ParticipantId;
  readonly source: StreamSource;
  readonly kind: MediaKind;
  readonly codec: 'H264' | 'VP8' | 'opus' | 'G722' | 'PCMA' | 'PCMU';
}

/** What carries the media of every meeting of this node: mediasoup's workers, one a core, each behind a thread of its own. */
export interface MediaEngine {
  /**
   * Makes a router for a meeting on the least loaded worker. Rejects with MediaError (`media_unavailable`) when no worker lives.
   */
  open(meeting: MeetingId, options: MeetingMediaOptions): Promise<MeetingMedia>;
  /** Workers that live, and the legs on each: for placement and metrics. */
  readonly workers: readonly { readonly pid: number; readonly legs: number; readonly meetings: number }[];
  /** Closes every meeting, ends the workers and their threads. */
  close(): Promise<void>;
}

export interface MeetingMediaOptions {
  readonly events: MeetingMediaEvents;
}

/** Called in no particular order with what the media plane notices; every method returns at once. */
export interface MeetingMediaEvents {
  streamOpened(stream: StreamInfo): void;
  streamClosed(stream: StreamId): void;
  /** Who is heard now, the loudest first; at most three. After a change, at most five times a second. */
  speaking(participants: readonly ParticipantId[]): void;
  /** Who is shown to room systems, and what page views should enlarge. */
  speaker(participant: ParticipantId | undefined): void;
  /** A key of a room system's keypad (RFC 4733), once for each press. */
  digit(participant: ParticipantId, digit: string): void;
  /** This room system should be asked for a whole picture by SIP INFO (RFC 5168): it knows no other way. */
  keyFrameNeeded(participant: ParticipantId): void;
  /**
   * What browsers should send video as, after it changed: packetization mode 0 while a room system is there that knows no other.
   * A page whose camera sends something else opens it again.
   */
  videoFormat(format: VideoFormat): void;
  /** These legs are gone: their worker, or the node it was on, died. What is left of the meeting goes on; `open` works again at once. */
  lost(participants: readonly ParticipantId[]): void;
  /** Every five seconds, for each leg. */
  quality(reports: readonly QualityReport[]): void;
}

export interface VideoFormat {
  readonly codec: 'H264' | 'VP8';
  readonly packetizationMode: 0 | 1;
  /** What the weakest room system takes, in bit/s. */
  readonly maxBitrate: number;
}

/** Over the last interval. Undefined: not known for this leg. */
export interface QualityReport {
  readonly participant: ParticipantId;
  readonly direction: 'in' | 'out';
  readonly kind: MediaKind;
  /** 0 to 1. */
  readonly loss: number | undefined;
  readonly jitterMs: number | undefined;
  readonly rttMs: number | undefined;
  readonly bitrate: number;
  /** Times that the picture stood still for want of packets. */
  readonly freezes: number | undefined;
}

/** The media of one meeting. All its legs close with it. */
export interface MeetingMedia {
  /** For mediasoup-client's `Device.load`. */
  readonly rtpCapabilities: RtpCapabilities;
  readonly videoFormat: VideoFormat;
  readonly streams: readonly StreamInfo[];
  addRoom(participant: ParticipantId): Promise<RoomMedia>;
  addBrowser(participant: ParticipantId): Promise<BrowserMedia>;
  /** The host's mute: nothing that it sends by this source is heard or shown until it is taken back. */
  setMuted(participant: ParticipantId, source: StreamSource, muted: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Thrown by the media plane; `code` is for programs, the message for a technician. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
  constructor(
    readonly code: 'media_unavailable' | 'leg_gone' | 'not_acceptable' | 'no_ports' | 'out_of_turn',
    message: string,
  ) {
    super(message);
  }
}

// ---------------------------------------------------------------- room systems

/** RFC 4568 and RFC 7714 names. */
export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM' | 'AEAD_AES_256_GCM';

export type RoomLineId = 'audio' | 'video' | 'slides';

/** A room system's leg: one line for each media line of its SDP that is used. */
export interface RoomMedia {
  /** Opens the ports of one line, so that an offer or an answer can name them. */
  openLine(line: RoomLineId, options: RoomLineOptions): Promise<RoomLineLocal>;
  /** Once the other side's half is known. May be called once for each opened line. */
  connectLine(line: RoomLineId, remote: RoomLineRemote): Promise<void>;
  /** Hold, resume, and other changes of a connected line that keep address, keys and codecs. */
  directLine(line: RoomLineId, direction: Direction): Promise<void>;
  closeLine(line: RoomLineId): Promise<void>;
  /** The room system wants a whole picture (RFC 5168). RTCP's PLI and FIR never get here: the media plane answers them itself. */
  requestKeyFrame(): void;
  /** Tones that only this leg hears, in the place of the meeting's sound while `waiting` lasts. */
  announce(tone: 'enter-pin' | 'wrong-pin' | 'waiting' | 'admitted'): void;
  /** While a leg waits (for its PIN, or in the lobby) it neither hears nor sees nor is heard. It begins so. */
  setWaiting(waiting: boolean): Promise<void>;
  /** The codecs and suites in use, as the list of participants shows them. */
  readonly cipher: string;
  close(): Promise<void>;
}

/** As seen from the meeting service: `sendonly`, it sends and the room system does not. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface RoomLineOptions {
  readonly rtcpMux: boolean;
  readonly encryption: { readonly kind: 'sdes'; readonly suite: SrtpSuite } | { readonly kind: 'dtls' };
}

/** Our half of a line. */
export interface RoomLineLocal {
  /** As it should stand in the SDP. */
  readonly address: string;
  readonly port: number;
  /** Absent with rtcp-mux. */
  readonly rtcpPort: number | undefined;
  /** SDES: base64 of key and salt (RFC 4568 §6.1). */
  readonly key: string | undefined;
  /** DTLS-SRTP: we are ICE-lite (RFC 8445 §2.5), and passive in DTLS. */
  readonly dtls:
    | { readonly ice: IceParameters; readonly candidates: readonly IceCandidate[]; readonly parameters: DtlsParameters }
    | undefined;
}

/** The room system's half of a line. */
export interface RoomLineRemote {
  readonly direction: Direction;
  /** Where it wants its packets. `learn`: it is behind a NAT, so they go to where its own come from. */
  readonly address: { readonly ip: string; readonly port: number; readonly rtcpPort: number } | 'learn';
  readonly encryption:
    | { readonly kind: 'sdes'; readonly suite: SrtpSuite; readonly key: string }
    | {
        readonly kind: 'dtls';
        readonly parameters: DtlsParameters;
        readonly ice: { readonly usernameFragment: string; readonly password: string };
      };
  readonly codec: RoomCodec;
  /** `a=ssrc` (RFC 5576), where it says one. Otherwise it is learned from its first packet that proves to be from it. */
  readonly ssrc: number | undefined;
}

export type RoomCodec = RoomAudioCodec | RoomVideoCodec;

export interface RoomAudioCodec {
  readonly kind: 'audio';
  readonly name: 'opus' | 'G722' | 'PCMA' | 'PCMU';
  /** What we send with: the number in the room system's SDP. */
  readonly sendPayloadType: number;
  /** What it sends with: the number in ours. */
  readonly receivePayloadType: number;
  /** RFC 4733, in our SDP. */
  readonly dtmfPayloadType: number | undefined;
}

export interface RoomVideoCodec {
  readonly kind: 'video';
  readonly name: 'H264';
  readonly sendPayloadType: number;
  readonly receivePayloadType: number;
  readonly packetizationMode: 0 | 1;
  /** From b=TIAS, b=AS or max-br; undefined: it does not say. */
  readonly maxBitrate: number | undefined;
  /** What it offered of RFC 4585 and RFC 5104. */
  readonly feedback: { readonly nack: boolean; readonly pli: boolean; readonly fir: boolean };
}

// ---------------------------------------------------------------- browsers

/** A browser's leg, in the terms of mediasoup-client. What a browser asks out of turn or of what is gone rejects with MediaError. */
export interface BrowserMedia {
  openTransport(direction: 'send' | 'receive'): Promise<BrowserTransport>;
  connectTransport(transport: string, dtls: DtlsParameters): Promise<void>;
  restartIce(transport: string): Promise<IceParameters>;
  /** Opens one of its streams; one of each source at a time. `not_acceptable`: a codec the meeting does not take, as VP8 beside a room system. */
  produce(transport: string, source: StreamSource, rtpParameters: RtpParameters): Promise<StreamId>;
  closeStream(source: StreamSource): Promise<void>;
  /** Its own mute. */
  pauseStream(source: StreamSource, paused: boolean): Promise<void>;
  /** Begins paused, as mediasoup advises: `resume` once the page has made its track. */
  consume(transport: string, stream: StreamId, capabilities: RtpCapabilities): Promise<BrowserConsumer>;
  resumeConsumer(consumer: string): Promise<void>;
  pauseConsumer(consumer: string): Promise<void>;
  /** Of a simulcast stream: 0 is the small picture. */
  preferLayer(consumer: string, spatial: number): Promise<void>;
  closeConsumer(consumer: string): Promise<void>;
  /** What its page says of itself: 0 to 1 of the packets lost, and pictures that stood still. Kept for `quality`. */
  reportQuality(report: { readonly freezes: number }): void;
  close(): Promise<void>;
}

export interface BrowserTransport {
  readonly id: string;
  readonly iceParameters: IceParameters;
  readonly iceCandidates: readonly IceCandidate[];
  readonly dtlsParameters: DtlsParameters;
}

export interface BrowserConsumer {
  readonly id: string;
  readonly stream: StreamId;
  /** mediasoup's producer id, which mediasoup-client wants to know. */
  readonly producerId: string;
  readonly kind: MediaKind;
  readonly rtpParameters: RtpParameters;
  readonly layers: number;
}
