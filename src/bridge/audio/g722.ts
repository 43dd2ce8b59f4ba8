import type { AudioDecoder, AudioEncoder } from './codec.js';
import { HighBand, LowBand } from './g722-band.js';

/*
 * ITU-T G.722, 64 kbit/s: a filter bank splits 16 kHz sound into two bands of 8 kHz; six bits of each byte are the low band's, two the high
 * band's. All is integer arithmetic as the recommendation has it, so that our sound is every other implementation's bit by bit.
 */

/** Half of the quadrature mirror filter's impulse response, which is symmetrical (G.722 table 11). */
const QMF = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);

const HISTORY = 22;

/** G.722 at 64 kbit/s to 16 kHz sound. Any bytes are a sound to it. */
export class G722Decoder implements AudioDecoder {
  readonly rate = 16_000;
  #low = new LowBand();
  #high = new HighBand();
  /** The filter's last inputs, then those of the payload. */
  #lines = new Int32Array(HISTORY + 320);
  #sound = new Float32Array(320);

  decode(payload: Uint8Array): Float32Array {
    const samples = payload.length * 2;
    if (this.#sound.length < samples) {
      this.#sound = new Float32Array(samples);
      const lines = new Int32Array(HISTORY + samples);
      lines.set(this.#lines.subarray(0, HISTORY));
      this.#lines = lines;
    }
    const lines = this.#lines;
    const sound = this.#sound;
    const low = this.#low;
    const high = this.#high;
    for (let i = 0, at = HISTORY; i < payload.length; i++, at += 2) {
      const code = payload[i] as number;
      const below = low.decode(code & 0x3f);
      const above = high.decode(code >> 6);
      lines[at] = below + above;
      lines[at + 1] = below - above;
    }
    for (let out = 0; out < samples; out += 2) {
      let even = 0;
      let odd = 0;
      for (let tap = 0, at = out; tap < 12; tap++, at += 2) {
        odd += (lines[at] as number) * (QMF[tap] as number);
        even += (lines[at + 1] as number) * (QMF[11 - tap] as number);
      }
      sound[out] = clip(even >> 11);
      sound[out + 1] = clip(odd >> 11);
    }
    lines.copyWithin(0, samples, samples + HISTORY);
    return sound.length === samples ? sound : sound.subarray(0, samples);
  }

  reset(): void {
    this.#low = new LowBand();
    this.#high = new HighBand();
    this.#lines.fill(0);
  }
}

/** 16 kHz sound to G.722 at 64 kbit/s, 20 ms at a time. */
export class G722Encoder implements AudioEncoder {
  readonly rate = 16_000;
  #low = new LowBand();
  #high = new HighBand();
  readonly #lines = new Int32Array(HISTORY + 320);
  readonly #payload = new Uint8Array(160);

  encode(frame: Float32Array): Uint8Array {
    const lines = this.#lines;
    const payload = this.#payload;
    for (let i = 0; i < 320; i++) lines[HISTORY + i] = clip(Math.round(frame[i] as number));
    for (let i = 0; i < payload.length; i++) {
      let even = 0;
      let odd = 0;
      for (let tap = 0, at = 2 * i; tap < 12; tap++, at += 2) {
        odd += (lines[at] as number) * (QMF[tap] as number);
        even += (lines[at + 1] as number) * (QMF[11 - tap] as number);
      }
      payload[i] = (this.#high.encode((even - odd) >> 14) << 6) | this.#low.encode((even + odd) >> 14);
    }
    lines.copyWithin(0, 320, 320 + HISTORY);
    return payload;
  }

  reset(): void {
    this.#low = new LowBand();
    this.#high = new HighBand();
    this.#lines.fill(0);
  }
}

function clip(sample: number): number {
  return sample > 32_767 ? 32_767 : sample < -32_768 ? -32_768 : sample;
}
