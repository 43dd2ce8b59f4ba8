import type { ParticipantId } from '../media/media.js';
import { MIX_SAMPLES } from './frame.js';
import type { AudioSource } from './source.js';

/** 8 ms at 48 kHz: too slow to click, too fast to hear. */
const RAMP = 384;

/** A source on its way through the mix: it fades in, is heard, and fades out. */
export class Voice {
  readonly participant: ParticipantId;
  readonly source: AudioSource;
  readonly #sound = new Float32Array(MIX_SAMPLES);
  #isHeard = false;
  #isLeaving = false;
  #isGone = false;

  constructor(participant: ParticipantId, source: AudioSource) {
    this.participant = participant;
    this.source = source;
  }

  /** Its source is muted or gone: it fades out, and does not come back. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  leave(): void {
    this.#isLeaving = true;
  }

  /** @param heard whether it is to be heard from now on @returns its part of this frame; undefined: it has none */
  next(heard: boolean): Float32Array | undefined {
    const sound = this.source.frame;
    const from = this.#isHeard ? 1 : 0;
    const to = heard ? 1 : 0;
    this.#isHeard = heard;
    this.#isGone = !heard;
    if (!sound || (from === 0 && to === 0)) return undefined;
    if (from === to) return sound;
    const faded = this.#sound;
    faded.set(sound);
    for (let i = 0; i < RAMP; i++) {
      const weight = from + ((to - from) * (i + 0.5)) / RAMP;
      faded[i] = (sound[i] as number) * weight;
    }
    if (to === 0) faded.fill(0, RAMP);
    return faded;
  }
}
