import { type AudioEncoder, createEncoder } from './codec.js';
import { ComfortNoise } from './comfort-noise.js';
import { FRAME_MS, MIX_RATE } from './frame.js';
import type { AudioCodecName } from './mix-api.js';
import type { OpusEncoding } from './opus.js';
import { Resampler } from './resample.js';

/** -66 dBov: a line that is open, though nobody speaks. Digital silence would sound as if the call had broken off. */
const NOISE_RMS = 16;
/** Silence is encoded for so many frames before an Opus output pauses, so that what was said last rings out. */
const RING_OUT = 10;
/** While it pauses: a packet every 400 ms (RFC 7587 §3.1.3). */
const PAUSE_FRAMES = 400 / FRAME_MS;

/** One encoder, with what goes before it: frames at 48 kHz in, payloads out. One for each different sound that is sent, however many hear it. */
export class Encoding {
  readonly codec: AudioCodecName;
  readonly #encoder: AudioEncoder;
  readonly #resampler: Resampler;
  readonly #frame: Float32Array;
  readonly #noise = new ComfortNoise();
  readonly #count: () => void;
  #lastFrame = -1;
  #silentFrames = 0;
  #payload: Uint8Array | undefined;

  /** @param count called for each frame that is encoded */
  constructor(codec: AudioCodecName, count: () => void, opus?: OpusEncoding) {
    this.codec = codec;
    this.#encoder = createEncoder(codec, opus);
    this.#count = count;
    this.#resampler = new Resampler(MIX_RATE, this.#encoder.rate);
    this.#frame = new Float32Array((this.#encoder.rate * FRAME_MS) / 1000);
  }

  /**
   * @param index number of the frame in the meeting: the second call for the same one gives the same payload again
   * @param sound 20 ms; undefined: silence
   * @param before the frame that its listeners have heard last: where this encoder takes over from another, it begins with that
   * @returns undefined while it pauses
   */
  encode(index: number, sound: Float32Array | undefined, before: Float32Array | undefined): Uint8Array | undefined {
    if (index === this.#lastFrame) return this.#payload;
    if (index !== this.#lastFrame + 1) this.#takeOver(before);
    this.#lastFrame = index;
    this.#silentFrames = sound ? 0 : this.#silentFrames + 1;
    this.#payload = this.#pauses() ? undefined : this.#encode(sound);
    return this.#payload;
  }

  #takeOver(before: Float32Array | undefined): void {
    this.#encoder.reset();
    this.#resampler.reset();
    this.#silentFrames = before ? 0 : RING_OUT;
    if (before) this.#encode(before);
  }

  #pauses(): boolean {
    const paused = this.#silentFrames - RING_OUT;
    return this.codec === 'opus' && paused > 0 && paused % PAUSE_FRAMES !== 0;
  }

  #encode(sound: Float32Array | undefined): Uint8Array {
    const frame = this.#frame;
    if (sound) this.#resampler.process(sound, frame);
    else {
      frame.fill(0);
      if (this.codec !== 'opus') this.#noise.mixInto(frame, NOISE_RMS);
    }
    this.#count();
    return this.#encoder.encode(frame);
  }
}
