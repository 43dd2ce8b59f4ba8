/** Loudness is counted as in RFC 6464 turned round: 127 is full scale (a square wave), 0 is silence or 127 dB below it. */
export type Level = number;

const FULL_SCALE_POWER = 32_768 ** 2;

/** @param power mean square of samples in 16-bit units */
export function levelOf(power: number): Level {
  if (power <= 0) return 0;
  const level = 127 + 10 * Math.log10(power / FULL_SCALE_POWER);
  return level < 0 ? 0 : level > 127 ? 127 : level;
}

const POWERS = Float64Array.from({ length: 128 }, (_, level) => (level === 0 ? 0 : FULL_SCALE_POWER * 10 ** ((level - 127) / 10)));

/** @param level a whole number from 0 to 127 */
export function powerOf(level: Level): number {
  return POWERS[level] ?? 0;
}

export function powerOfSound(sound: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < sound.length; i++) sum += (sound[i] as number) * (sound[i] as number);
  return sound.length === 0 ? 0 : sum / sound.length;
}

const BIN_MS = 20;
const BINS = 5;

/** Loudness over the last 100 ms. Time that nothing came for counts as silence, so that nobody stays loud who has stopped sending. */
export class LevelMeter {
  readonly #bins = new Float64Array(BINS);
  #last = 0;

  /** @param ms how much sound there was of this power @param now monotonic ms */
  add(power: number, ms: number, now: number): void {
    const bin = this.#moveTo(now);
    this.#bins[bin] = (this.#bins[bin] as number) + power * ms;
  }

  level(now: number): Level {
    this.#moveTo(now);
    let sum = 0;
    for (let i = 0; i < BINS; i++) sum += this.#bins[i] as number;
    return levelOf(sum / (BINS * BIN_MS));
  }

  reset(): void {
    this.#bins.fill(0);
  }

  #moveTo(now: number): number {
    const at = Math.floor(now / BIN_MS);
    if (at > this.#last) {
      if (at - this.#last >= BINS) this.#bins.fill(0);
      else for (let bin = this.#last + 1; bin <= at; bin++) this.#bins[bin % BINS] = 0;
      this.#last = at;
    }
    // A clock that goes back would write into the past: it goes to the newest instead.
    return this.#last % BINS;
  }
}

/** Quieter than this is never taken for speech: -65 dBov. */
const LEAST_SPEECH: Level = 62;
/** Louder than this is always heard, however steady: a tone, a hall's murmur: -42 dBov. */
const ALWAYS_HEARD: Level = 85;
const ABOVE_FLOOR = 9;
/** Before a room has been heard: -69 dBov. */
const FIRST_FLOOR: Level = 58;
const FLOOR_RISE_PER_SECOND = 2;

/** Tells speech from the noise of a room: what stands out from the quietest of late. */
export class SpeechDetector {
  #floor: Level = FIRST_FLOOR;
  #at: number | undefined;

  /** The noise of the room. */
  get floor(): Level {
    return this.#floor;
  }

  /** Whether a sound of this level would stand out now. */
  standsOut(level: Level): boolean {
    return level >= ALWAYS_HEARD || (level >= LEAST_SPEECH && level >= this.#floor + ABOVE_FLOOR);
  }

  hears(level: Level, now: number): boolean {
    const seconds = this.#at === undefined ? 0 : Math.min(1, Math.max(0, now - this.#at) / 1000);
    this.#at = now;
    // Down at once and up slowly; silence of a sender that suspends transmission says nothing of its room.
    if (level > 0) this.#floor = Math.min(level, this.#floor + FLOOR_RISE_PER_SECOND * seconds, ALWAYS_HEARD - ABOVE_FLOOR);
    this.#floor = Math.max(this.#floor, 20);
    return this.standsOut(level);
  }
}
