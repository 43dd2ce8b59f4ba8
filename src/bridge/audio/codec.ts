import { G711Codec } from './g711.js';
import { G722Decoder, G722Encoder } from './g722.js';
import type { AudioCodecName } from './mix-api.js';
import { OpusDecoder, OpusEncoder, type OpusEncoding } from './opus.js';

/**
 * Samples everywhere in this folder are floats in 16-bit units: full scale is ±32768.
 * A decoder keeps what it learned of the sound from packet to packet, so packets go in once each, in their order.
 */
export interface AudioDecoder {
  /** Samples a second that come out. */
  readonly rate: number;
  /** @returns mono sound, good until the next call @throws when the payload is none of this codec */
  decode(payload: Uint8Array): Float32Array;
  /** Forgets what came before. */
  reset(): void;
}

export interface AudioEncoder {
  readonly rate: number;
  /** @param frame 20 ms of mono sound at `rate` @returns the payload, good until the next call */
  encode(frame: Float32Array): Uint8Array;
  reset(): void;
}

/** Ticks of the RTP timestamp a second. G.722 counts 8000 though it has 16,000 samples: RFC 3551 §4.5.2 keeps an old mistake. */
export function rtpClock(codec: AudioCodecName): number {
  return codec === 'opus' ? 48_000 : 8_000;
}

/** Whether a decoder hears a difference when another encoder of the same sound takes over. */
export function hasMemory(codec: AudioCodecName): boolean {
  return codec === 'opus' || codec === 'G722';
}

export function createDecoder(codec: AudioCodecName): AudioDecoder {
  switch (codec) {
    case 'opus':
      return new OpusDecoder();
    case 'G722':
      return new G722Decoder();
    default:
      return new G711Codec(codec);
  }
}

export function createEncoder(codec: AudioCodecName, opus?: OpusEncoding): AudioEncoder {
  switch (codec) {
    case 'opus':
      return new OpusEncoder(opus);
    case 'G722':
      return new G722Encoder();
    default:
      return new G711Codec(codec);
  }
}
