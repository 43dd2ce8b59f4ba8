/** White noise of a level, a little softened: what a line sounds like on which nobody speaks. */
export class ComfortNoise {
  #state: number;
  #last = 0;

  /** @param seed so that two lines do not hiss alike */
  constructor(seed = 1) {
    this.#state = seed >>> 0;
  }

  /** @param rms in 16-bit units */
  next(rms: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    const white = this.#state / 2 ** 31 - 1;
    this.#last = 0.4 * this.#last + 0.6 * white;
    // Uniform noise has an RMS of 1/√3, this filter passes 0.655 of it.
    return this.#last * rms * 2.645;
  }

  mixInto(sound: Float32Array, rms: number): void {
    for (let i = 0; i < sound.length; i++) sound[i] = (sound[i] as number) + this.next(rms);
  }
}

/** RFC 3389 §3.1: the first byte is the noise's level in -dBov. @returns RMS in 16-bit units; undefined for an empty payload */
export function comfortNoiseRms(payload: Uint8Array): number | undefined {
  const level = payload[0];
  return level === undefined ? undefined : 32_768 * 10 ** (-(level & 0x7f) / 20);
}
