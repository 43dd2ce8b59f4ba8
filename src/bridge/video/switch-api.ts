import type { ParticipantId } from '../media/media.js';

/** Layers of the one picture stream that every room system consumes: `previous` is what the speaker himself sees. */
export type PictureLayer = 'previous' | 'speaker';

/**
 * Whose picture, where there may be two of a participant: his id stands for his camera, the StreamId `<participant>/slides` for his slides
 * (`slidesOf`). The actions `tap`, `untap` and `requestKeyFrame`, and `receive` and `remove`, mean pictures; `shown` and `speaker` mean people.
 */
export type PictureId = ParticipantId;

/** What the switch wants done, in this order. */
export type SwitchAction =
  /** Let packets of this participant's camera (or slides) come to `receive` from now on. */
  | { readonly do: 'tap'; readonly participant: PictureId }
  | { readonly do: 'untap'; readonly participant: PictureId }
  | { readonly do: 'requestKeyFrame'; readonly participant: PictureId }
  /** Inject this RTP packet into the layer: payload as it came, with the layer's sequence number and timestamp. The caller puts in SSRC and payload type. */
  | { readonly do: 'send'; readonly layer: PictureLayer; readonly packet: Buffer }
  /** Inject after the first packet of a picture and every second: NTP time and RTP timestamp of the layer (RFC 3550 §6.4.1). */
  | {
      readonly do: 'report';
      readonly layer: PictureLayer;
      readonly ntpMs: number;
      readonly timestamp: number;
      readonly packets: number;
      readonly octets: number;
    }
  /**
   * What is shown changes with the next `send`, the first packet of a key frame. `speaker`: what all see; `previous`: what the speaker himself
   * sees. It comes before that `send` so that consumers that are moved to another layer right now get this very key frame.
   */
  | { readonly do: 'shown'; readonly speaker: ParticipantId | undefined; readonly previous: ParticipantId | undefined };

/**
 * Which camera room systems see. Pure: levels, packets and time in, actions out. `now` is monotonic ms; `ntpMs` comes with it for reports.
 * A switch happens on a key frame: until the new speaker's has begun, the old picture goes on.
 */
export interface SpeakerSwitch {
  /** Someone with a picture came, or a picture was opened again. */
  add(participant: ParticipantId, now: number): readonly SwitchAction[];
  remove(participant: PictureId, now: number): readonly SwitchAction[];
  /**
   * Someone began to show slides. Slides are shown to all instead of the speaker, the newest of several; who shows them sees the speaker, in
   * `previous`. The actions name them `slidesOf(participant)`, and so do `receive` and `remove`.
   */
  addSlides(participant: ParticipantId, now: number): readonly SwitchAction[];
  /** True while a room system is the speaker (and so `previous` is worth sending). */
  setPreviousWanted(wanted: boolean, now: number): readonly SwitchAction[];
  /** Loudness of all who are heard, 0 to 127, every 20 to 100 ms. */
  hear(levels: ReadonlyMap<ParticipantId, number>, now: number): readonly SwitchAction[];
  receive(participant: PictureId, packet: Buffer, now: number): readonly SwitchAction[];
  /** A consumer of a layer asked for a key frame (PLI, FIR, or a new room system). Passed on at a bounded pace. */
  keyFrameWanted(layer: PictureLayer, now: number): readonly SwitchAction[];
  /** Every 100 ms: time-outs (a speaker whose key frame does not come, a camera that fell silent). */
  tick(now: number, ntpMs: number): readonly SwitchAction[];
  /** Who is shown to all: the speaker, or who shows slides. Undefined: nobody. */
  readonly speaker: ParticipantId | undefined;
  readonly stats: SpeakerSwitchStats;
}

export interface SpeakerSwitchStats {
  /** Pictures that there are to choose from. */
  readonly pictures: number;
  /** Times that another picture was gone over to. */
  readonly switches: number;
  /** Times that a picture's key frame did not come, so that it was not gone over to. */
  readonly givenUp: number;
  /** Packets that were no RTP or no H.264. */
  readonly bad: number;
}
