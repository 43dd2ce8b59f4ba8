import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { SdpRefusal } from './sdp/read-offer.js';

/** A session description of ours, or why there is none. */
export type SdpAnswer = { readonly ok: true; readonly sdp: string } | SdpRefusal;

/** What a call asks of, and tells, the one who has it. One question is asked at a time. */
export interface CallUser {
  /** They offer: the answer, or why there can be none; then the session stays as it was. */
  onOffer(sdp: string): Promise<SdpAnswer>;
  /** An offer of ours is wanted: what there is, on offer again. */
  makeOffer(): Promise<string>;
  /** Their answer to what `makeOffer` gave. A refusal ends the call. */
  onAnswer(sdp: string): Promise<RefusalCode | undefined>;
  /** They want a whole picture (RFC 5168). */
  onKeyFrame(): void;
  /** A key of their keypad, by INFO. */
  onDigit(digit: string): void;
  /** Once. */
  onEnd(end: CallEnd): void;
}

export interface CallEnd {
  /** `lost`: no answer, or no ACK, came from them. */
  readonly by: 'us' | 'them' | 'lost';
  /** The Reason of their BYE, as they wrote it. */
  readonly reason: string | undefined;
}
