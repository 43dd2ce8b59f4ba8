import type { AudioDecoder, AudioEncoder } from './codec.js';
import { opusLibrary } from './opus-library.js';

export interface OpusEncoding {
  /** Bits a second. */
  readonly bitrate: number;
  /** 0 to 10: CPU for quality. */
  readonly complexity: number;
}

// RFC 6716's reference implementation: opus_defines.h.
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
const SET_SIGNAL = 4024;
const SIGNAL_VOICE = 3001;
const RESET_STATE = 4028;

const DEFAULT: OpusEncoding = { bitrate: 32_000, complexity: 5 };

/** One to three frames of 1275 bytes at most in 60 ms, six in 120 (RFC 6716 §3.2.1); nobody sends speech so, and our buffer takes less. */
const MAX_PACKET = 1500;

/** Opus (RFC 6716, RFC 7587), mixed down to one channel, at 48 kHz. */
export class OpusDecoder implements AudioDecoder {
  readonly rate = 48_000;
  readonly #decoder = opusLibrary().createDecoder();
  #sound = new Float32Array(960);

  decode(payload: Uint8Array): Float32Array {
    if (payload.length === 0 || payload.length > MAX_PACKET) throw new RangeError(`An Opus packet of ${payload.length} bytes`);
    const samples = this.#decoder.decode(payload);
    if (this.#sound.length !== samples.length) this.#sound = new Float32Array(samples.length);
    this.#sound.set(samples);
    return this.#sound;
  }

  reset(): void {
    this.#decoder.ctl(RESET_STATE);
  }
}

export class OpusEncoder implements AudioEncoder {
  readonly rate = 48_000;
  readonly #samples = new Int16Array(960);
  readonly #packet = new Uint8Array(MAX_PACKET);
  readonly #encoder = opusLibrary().createEncoder();

  constructor(encoding: OpusEncoding = DEFAULT) {
    this.#encoder.ctl(SET_BITRATE, encoding.bitrate);
    this.#encoder.ctl(SET_COMPLEXITY, encoding.complexity);
    this.#encoder.ctl(SET_SIGNAL, SIGNAL_VOICE);
  }

  encode(frame: Float32Array): Uint8Array {
    const samples = this.#samples;
    for (let i = 0; i < samples.length; i++) {
      const sample = Math.round(frame[i] as number);
      samples[i] = sample > 32_767 ? 32_767 : sample < -32_768 ? -32_768 : sample;
    }
    const packet = this.#encoder.encode(samples);
    // The library has one buffer for all of its encoders.
    this.#packet.set(packet);
    return this.#packet.subarray(0, packet.length);
  }

  reset(): void {
    this.#encoder.ctl(RESET_STATE);
  }
}

/** Units of a frame by its configuration, in 48 kHz samples (RFC 6716 table 2). */
function frameSamples(toc: number): number {
  const config = toc >> 3;
  if (config < 12) return [480, 960, 1920, 2880][config & 3] as number;
  if (config < 16) return config & 1 ? 960 : 480;
  return 120 << (config & 3);
}

/** How long a packet's sound is, in 48 kHz samples (RFC 6716 §3.1); 0 when it is no packet. */
export function opusDuration(bytes: Uint8Array, from = 0, to = bytes.length): number {
  if (to <= from || to - from > MAX_PACKET) return 0;
  const toc = bytes[from] as number;
  const frames = (toc & 3) === 0 ? 1 : (toc & 3) === 3 ? (from + 1 < to ? (bytes[from + 1] as number) : 0) & 63 : 2;
  const samples = frames * frameSamples(toc);
  return samples > 5760 ? 0 : samples;
}
