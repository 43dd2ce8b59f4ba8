import type { AudioMix } from './mix-api.js';

export type ToneName = NonNullable<Parameters<AudioMix['announce']>[1]>;

const RATE = 48_000;
const FADE = 480;
/** -18 dB below full scale: well heard over speech, startling nobody. */
const AMPLITUDE = 4000;

interface Note {
  /** 0: a rest. */
  readonly hz: number;
  readonly ms: number;
  /** Of AMPLITUDE. */
  readonly strength?: number;
}

const MELODIES: Record<ToneName, { readonly notes: readonly Note[]; readonly everyMs?: number }> = {
  'enter-pin': {
    notes: [
      { hz: 587, ms: 150 },
      { hz: 0, ms: 50 },
      { hz: 880, ms: 200 },
    ],
  },
  'wrong-pin': {
    notes: [
      { hz: 262, ms: 200 },
      { hz: 0, ms: 80 },
      { hz: 262, ms: 300 },
    ],
  },
  waiting: { notes: [{ hz: 440, ms: 400, strength: 0.5 }], everyMs: 10_000 },
  admitted: {
    notes: [
      { hz: 523, ms: 120 },
      { hz: 659, ms: 120 },
      { hz: 784, ms: 240 },
    ],
  },
};

const cache = new Map<ToneName, Float32Array>();

function soundOf(name: ToneName): Float32Array {
  const known = cache.get(name);
  if (known) return known;
  const { notes } = MELODIES[name];
  const sound = new Float32Array(notes.reduce((sum, { ms }) => sum + (ms * RATE) / 1000, 0));
  let at = 0;
  for (const { hz, ms, strength = 1 } of notes) {
    const samples = (ms * RATE) / 1000;
    for (let i = 0; i < samples; i++) {
      const edge = Math.min(1, i / FADE, (samples - 1 - i) / FADE);
      sound[at + i] = AMPLITUDE * strength * Math.sin(0.5 * Math.PI * edge) ** 2 * Math.sin((2 * Math.PI * hz * i) / RATE);
    }
    at += samples;
  }
  cache.set(name, sound);
  return sound;
}

/** Plays one tone after another into an output, at 48 kHz. */
export class TonePlayer {
  #sound: Float32Array | undefined;
  #at = 0;
  #repeatAfter: number | undefined;
  /** What is left of a tone that was cut short: a fade, so that it ends without a click. */
  #fading: { readonly sound: Float32Array; readonly at: number } | undefined;

  /** The next tone; the one before ends. */
  play(name: ToneName | undefined): void {
    if (this.#sound && this.#at < this.#sound.length && this.#at > 0) this.#fading = { sound: this.#sound, at: this.#at };
    this.#sound = name && soundOf(name);
    const every = name && MELODIES[name].everyMs;
    this.#repeatAfter = every === undefined ? undefined : (every * RATE) / 1000;
    this.#at = 0;
  }

  /** Whether the next frame has a tone in it. */
  get isSounding(): boolean {
    return this.#fading !== undefined || (this.#sound !== undefined && this.#at < this.#sound.length);
  }

  /** Adds its part of the coming 20 ms to a frame. */
  mixInto(frame: Float32Array): void {
    if (this.#fading) {
      const { sound, at } = this.#fading;
      const samples = Math.min(FADE, frame.length, sound.length - at);
      for (let i = 0; i < samples; i++) frame[i] = (frame[i] as number) + (sound[at + i] as number) * (1 - i / samples);
    }
    if (!this.#sound) return;
    const samples = Math.min(frame.length, this.#sound.length - this.#at);
    for (let i = 0; i < samples; i++) frame[i] = (frame[i] as number) + (this.#sound[this.#at + i] as number);
  }

  /** Goes on by so many samples, whether they have been mixed into something or not. */
  advance(samples: number): void {
    this.#fading = undefined;
    if (!this.#sound) return;
    this.#at += samples;
    if (this.#repeatAfter !== undefined) {
      if (this.#at >= this.#repeatAfter) this.#at = 0;
    } else if (this.#at >= this.#sound.length) this.#sound = undefined;
  }
}
