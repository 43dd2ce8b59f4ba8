import { ComfortNoise } from './comfort-noise.js';
import { findPitch, PITCH_SPAN_MS } from './pitch.js';

const HISTORY_MS = 40;
/** As it was for so long, then weaker and weaker: a frame that is lost is hardly noticed, a voice that hangs is. */
const WHOLE_MS = 10;
const VOICED_FADE_MS = 60;
const UNVOICED_FADE_MS = 30;
const JOIN_MS = 5;
const VOICED = 0.5;

/**
 * Fills in for sound that did not come, whatever its codec: repeats the last period of the voice and fades into the noise of the room (after
 * ITU-T G.711 appendix I), and joins what comes next without a click.
 */
export class Concealment {
  readonly #rate: number;
  readonly #history: Float32Array;
  readonly #noise = new ComfortNoise();
  /** The period that is being repeated. */
  #period: Float32Array | undefined;
  #at = 0;
  #filled = 0;
  #fadeSamples = 0;
  /** What the first sample would jump by; goes within the join. */
  #jump = 0;
  #hasHeard = false;

  /** @param rate samples a second */
  constructor(rate: number) {
    this.#rate = rate;
    this.#history = new Float32Array((rate * HISTORY_MS) / 1000);
  }

  /** Whether what it fills with is nothing but noise by now. */
  get isSpent(): boolean {
    return !this.#hasHeard || (this.#period !== undefined && this.#filled >= this.#whole + this.#fadeSamples);
  }

  /** Sound that came as it should; after a gap its beginning is joined to the filling, in place. */
  heard(sound: Float32Array, noiseRms: number): void {
    if (this.#period || !this.#hasHeard) {
      const join = Math.min(sound.length, (this.#rate * JOIN_MS) / 1000);
      for (let i = 0; i < join; i++) {
        const weight = (i + 1) / (join + 1);
        sound[i] = (sound[i] as number) * weight + this.#next(noiseRms) * (1 - weight);
      }
      this.#period = undefined;
    }
    this.#hasHeard = true;
    this.#remember(sound);
  }

  /** Sound for a gap. @param noiseRms of the room, in 16-bit units: what remains when the gap is long */
  fill(samples: number, noiseRms: number): Float32Array {
    if (!this.#period && this.#hasHeard) this.#begin();
    const sound = new Float32Array(samples);
    for (let i = 0; i < samples; i++) sound[i] = this.#next(noiseRms);
    return sound;
  }

  reset(): void {
    this.#history.fill(0);
    this.#period = undefined;
    this.#hasHeard = false;
  }

  get #whole(): number {
    return (this.#rate * WHOLE_MS) / 1000;
  }

  #begin(): void {
    const history = this.#history;
    const end = history.length;
    const { lag, strength } = findPitch(history, end, this.#rate);
    const isVoiced = strength > VOICED;
    // What does not repeat itself would buzz if it were made to do so quickly.
    const length = isVoiced ? lag : Math.round((this.#rate * (PITCH_SPAN_MS - JOIN_MS)) / 1000);
    const period = history.slice(end - length);
    const join = Math.floor(length / 4);
    // The end of each round leads over to its beginning.
    for (let i = 0; i < join; i++) {
      const weight = (i + 1) / (join + 1);
      const at = length - join + i;
      period[at] = (period[at] as number) * (1 - weight) + (history[end - length - join + i] as number) * weight;
    }
    this.#period = period;
    this.#at = 0;
    this.#filled = 0;
    this.#jump = (history[end - 1] as number) - (history[end - length - 1] as number);
    this.#fadeSamples = (this.#rate * (isVoiced ? VOICED_FADE_MS : UNVOICED_FADE_MS)) / 1000;
  }

  #next(noiseRms: number): number {
    const period = this.#period;
    if (!period) return this.#noise.next(noiseRms);
    const faded = (this.#filled - this.#whole) / this.#fadeSamples;
    const gain = faded <= 0 ? 1 : faded >= 1 ? 0 : 1 - faded;
    let sample = 0;
    if (gain > 0) {
      const join = (this.#rate * JOIN_MS) / 1000;
      sample = period[this.#at] as number;
      if (this.#filled < join) sample += this.#jump * (1 - this.#filled / join);
      this.#at = this.#at + 1 === period.length ? 0 : this.#at + 1;
    }
    this.#filled++;
    return sample * gain + (gain < 1 ? this.#noise.next(noiseRms * (1 - gain)) : 0);
  }

  #remember(sound: Float32Array): void {
    const history = this.#history;
    if (sound.length >= history.length) history.set(sound.subarray(sound.length - history.length));
    else {
      history.copyWithin(0, sound.length);
      history.set(sound, history.length - sound.length);
    }
  }
}
