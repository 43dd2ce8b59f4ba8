import { g711Power } from './g711.js';
import { StepFollower } from './g722-band.js';
import { type Level, LevelMeter, levelOf, powerOf } from './level.js';
import type { AudioCodecName } from './mix-api.js';
import type { RtpView } from './rtp.js';

/** By its steps a voice is 8 dB quieter than it is, noise 2 dB louder: between the two. The comparison below corrects what is left. */
const G722_GAIN = 10 ** 0.5;
/** What the smallest steps, those of silence, add up to and a little more. */
const G722_SILENCE = 450;
/** How fast an estimate follows what was measured, each frame. */
const LEARN = 0.3;
/** Who claimed more than there was is believed again after some such times. */
const FORGIVE_MS = 30_000;
/** Peaks are compared, as what is claimed comes earlier than what is played. In dB a frame. */
const PEAK_FALL = 0.4;
/** Below this there is nothing to compare. */
const LEAST_CLAIM: Level = 40;

/**
 * How loud a sender is, without decoding what it sends: from RFC 6464's header extension, from G.711's samples, from the steps of G.722.
 * While the sound is decoded all the same, the estimate is compared with it: a sender that claims to be louder than it is, or whose sound
 * is not what we take it for, is not believed for long.
 */
export class LevelEstimate {
  readonly #codec: AudioCodecName;
  readonly #meter = new LevelMeter();
  #steps = new StepFollower();
  #isKnown: boolean;
  #bias = 0;
  #biasAt = 0;
  #claimedPeak = 0;
  #measuredPeak = 0;

  constructor(codec: AudioCodecName) {
    this.#codec = codec;
    this.#isKnown = codec !== 'opus';
  }

  /** False: the packets say nothing, only decoding does. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** @param ms how long the packet's sound is @returns the packet's level; undefined: it says nothing */
  add(rtp: RtpView, ms: number, now: number): Level | undefined {
    const power = this.#powerOf(rtp);
    this.#isKnown = power !== undefined;
    if (power === undefined) return undefined;
    this.#meter.add(power, ms, now);
    return this.#corrected(levelOf(power), now);
  }

  level(now: number): Level | undefined {
    return this.#isKnown ? this.#corrected(this.#meter.level(now), now) : undefined;
  }

  /** What the decoded sound turned out to be. */
  compare(measured: Level, now: number): void {
    const claimed = this.#meter.level(now);
    this.#claimedPeak = Math.max(claimed, this.#claimedPeak - PEAK_FALL);
    this.#measuredPeak = Math.max(measured, this.#measuredPeak - PEAK_FALL);
    if (!this.#isKnown || claimed < LEAST_CLAIM) return;
    this.#bias = this.#biasNow(now);
    this.#bias += LEARN * (this.#measuredPeak - this.#claimedPeak - this.#bias);
    this.#biasAt = now;
  }

  reset(): void {
    this.#meter.reset();
    this.#steps = new StepFollower();
    this.#isKnown = this.#codec !== 'opus';
    this.#bias = 0;
    this.#claimedPeak = 0;
    this.#measuredPeak = 0;
  }

  #powerOf({ bytes, from, to, level }: RtpView): number | undefined {
    switch (this.#codec) {
      case 'opus':
        return level === undefined ? undefined : powerOf(level);
      case 'G722':
        return Math.max(0, this.#steps.power(bytes, from, to) - G722_SILENCE) * G722_GAIN;
      default:
        return g711Power(this.#codec, bytes, from, to);
    }
  }

  #corrected(level: Level, now: number): Level {
    return Math.max(0, Math.min(127, level + this.#biasNow(now)));
  }

  #biasNow(now: number): number {
    return this.#bias === 0 ? 0 : this.#bias * Math.exp(-Math.max(0, now - this.#biasAt) / FORGIVE_MS);
  }
}
