/** Two loud voices at once stay below it, whatever their phase. */
const CEILING = 29_000;
/** From here on the curve bends; nothing that a limiter has seen to gets here but the very first peak. */
const KNEE = 27_000;
const FULL = 32_767;
/** 2.5 ms: a peak's gain is reached within so many samples. */
const BLOCK = 120;
/** Of the way back to full gain, each block: about 200 ms. */
const RELEASE = 0.015;

/** Keeps a sum of voices within 16 bits: turns it down quickly and up again slowly, and rounds off what comes too fast for that. */
export class Limiter {
  #gain = 1;

  process(frame: Float32Array): void {
    for (let from = 0; from < frame.length; from += BLOCK) {
      const to = Math.min(frame.length, from + BLOCK);
      let peak = 0;
      for (let i = from; i < to; i++) {
        const size = Math.abs(frame[i] as number);
        if (size > peak) peak = size;
      }
      const wanted = peak > CEILING ? CEILING / peak : 1;
      const next = wanted < this.#gain ? wanted : Math.min(wanted, this.#gain + (1 - this.#gain) * RELEASE + 1e-4);
      if (this.#gain < 1 || next < 1) this.#apply(frame, from, to, next);
      this.#gain = next;
    }
  }

  #apply(frame: Float32Array, from: number, to: number, gain: number): void {
    const step = (gain - this.#gain) / (to - from);
    let now = this.#gain;
    for (let i = from; i < to; i++) {
      now += step;
      const sample = (frame[i] as number) * now;
      const over = Math.abs(sample) - KNEE;
      frame[i] = over > 0 ? Math.sign(sample) * (KNEE + (FULL - KNEE) * (1 - Math.exp(-over / (FULL - KNEE)))) : sample;
    }
  }
}
