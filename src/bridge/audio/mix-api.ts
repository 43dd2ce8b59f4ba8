import type { ParticipantId } from '../media/media.js';

export type AudioCodecName = 'opus' | 'G722' | 'PCMA' | 'PCMU';

/** The sound of one participant, as it comes in. */
export interface AudioSourceOptions {
  readonly codec: AudioCodecName;
  /** RTP payload type of the codec, as it stands in the packets handed to `receive`. Any other is dropped, but for DTMF's. */
  readonly payloadType: number;
  readonly dtmfPayloadType?: number | undefined;
}

export type AudioOutputId = string;
export interface AudioOutputOptions {
  readonly codec: AudioCodecName;
  readonly payloadType: number;
  readonly ssrc: number;
  /**
   * `all`: the loudest three. `without`: the same for one who may be among them, without himself; while he is not among them it is the
   * shared mix, encoded once. `only`: one participant alone, while he is among the loudest (browsers get a room system's sound so).
   */
  readonly of:
    | { readonly kind: 'all' }
    | { readonly kind: 'without'; readonly participant: ParticipantId }
    | { readonly kind: 'only'; readonly participant: ParticipantId };
}

/** One RTP packet to be sent now: header and payload, ready to be injected. */
export interface MixedPacket {
  readonly output: AudioOutputId;
  readonly packet: Buffer;
}

export interface AudioMixEvents {
  /** Loudest first, at most three; after each change of who or of the order. */
  loudest(participants: readonly ParticipantId[]): void;
  digit(participant: ParticipantId, digit: string): void;
}

/**
 * The sound of one meeting. Pure: no sockets and no clock; `now` is a monotonic time in ms that may have fractions. Call `tick` every 20 ms
 * (the caller keeps the beat; a late tick is made up for by the next ones, at most 5). Bad input never throws: it is counted.
 */
export interface AudioMix {
  addSource(participant: ParticipantId, options: AudioSourceOptions): void;
  removeSource(participant: ParticipantId): void;
  /** A muted source is neither heard nor among the loudest; its digits still count. */
  setMuted(participant: ParticipantId, muted: boolean): void;
  receive(participant: ParticipantId, packet: Buffer, now: number): void;
  addOutput(id: AudioOutputId, options: AudioOutputOptions): void;
  removeOutput(id: AudioOutputId): void;
  /** Plays a tone into one output, over what it carries. `waiting` repeats; another tone, or `undefined`, ends it. */
  announce(id: AudioOutputId, tone: 'enter-pin' | 'wrong-pin' | 'waiting' | 'admitted' | undefined): void;
  /** An output that is held carries announcements alone. */
  hold(id: AudioOutputId, held: boolean): void;
  tick(now: number): readonly MixedPacket[];
  /** Loudness of each source over the last 100 ms, 0 (silence) to 127 (RFC 6464 turned round), for the choice of the speaker. */
  levels(): ReadonlyMap<ParticipantId, number>;
  readonly stats: AudioMixStats;
  close(): void;
}

export interface AudioMixStats {
  readonly sources: number;
  readonly outputs: number;
  readonly decoded: number;
  readonly encoded: number;
  readonly concealed: number;
  /** Packets that were no RTP, of another codec, or that the decoder refused. */
  readonly bad: number;
  /** Packets that came after their time. */
  readonly late: number;
}
