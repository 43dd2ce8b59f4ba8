import { findPitch, PITCH_SPAN_MS } from './pitch.js';

/** The longest packet there is (120 ms) on top of two frames. */
const CAPACITY_MS = 200;
const TEMPLATE_MS = 10;
const REPEATS = 0.6;

/** Decoded sound that waits to be played. Can be shortened by a period of the voice, which nobody hears. */
export class SoundQueue {
  readonly #rate: number;
  readonly #sound: Float32Array;
  #length = 0;

  constructor(rate: number) {
    this.#rate = rate;
    this.#sound = new Float32Array((rate * CAPACITY_MS) / 1000);
  }

  get length(): number {
    return this.#length;
  }

  get ms(): number {
    return (this.#length * 1000) / this.#rate;
  }

  /** What finds no room is dropped. */
  push(sound: Float32Array): void {
    const fits = Math.min(sound.length, this.#sound.length - this.#length);
    this.#sound.set(fits === sound.length ? sound : sound.subarray(0, fits), this.#length);
    this.#length += fits;
  }

  /** Takes as much as `out` holds; there must be so much. */
  take(out: Float32Array): void {
    out.set(this.#sound.subarray(0, out.length));
    this.#sound.copyWithin(0, out.length, this.#length);
    this.#length = Math.max(0, this.#length - out.length);
  }

  /**
   * Leaves out one period at the end, where the sound repeats itself.
   *
   * @param anyhow also where it does not: audible, but better than to lag behind
   */
  shorten(anyhow: boolean): void {
    const end = this.#length;
    const sound = this.#sound;
    if (this.ms < PITCH_SPAN_MS) return;
    const { lag, strength } = findPitch(sound, end, this.#rate);
    if (strength < REPEATS && !anyhow) return;
    const join = (this.#rate * TEMPLATE_MS) / 1000;
    const from = end - join - lag;
    for (let i = 0; i < join; i++) {
      const weight = (i + 1) / (join + 1);
      sound[from + i] = (sound[from + i] as number) * (1 - weight) + (sound[from + lag + i] as number) * weight;
    }
    this.#length = end - lag;
  }

  clear(): void {
    this.#length = 0;
  }
}
