import { hasMemory, rtpClock } from './codec.js';
import { Encoding } from './encoding.js';
import { FRAME_MS, MIX_SAMPLES } from './frame.js';
import { Limiter } from './limiter.js';
import type { AudioOutputOptions } from './mix-api.js';
import type { OpusEncoding } from './opus.js';
import { writeRtp } from './rtp.js';
import { TonePlayer } from './tones.js';

/** Back to the shared encoder after so many frames, if there is no silence before: a second encoder has a price. */
const LINGER_FRAMES = 100;

/** One frame of a meeting, as outputs see it. */
export interface MixedFrame {
  readonly index: number;
  /** Who is in it: three, and those who just fade out. */
  readonly voices: readonly { readonly participant: string; readonly sound: Float32Array }[];
  /** All of them; undefined: silence. */
  readonly all: Float32Array | undefined;
  /** `all` of the frame before. */
  readonly before: Float32Array | undefined;
  /** The encoder that all share who hear `all`. */
  shared(codec: AudioOutputOptions['codec']): Encoding;
}

export interface OutputSettings {
  readonly random: () => number;
  readonly opus: OpusEncoding | undefined;
  readonly countEncoded: () => void;
}

/** One stream of packets that the mix sends. */
export class AudioOutput {
  readonly #options: AudioOutputOptions;
  readonly #settings: OutputSettings;
  readonly #tones = new TonePlayer();
  readonly #limiter = new Limiter();
  readonly #ticks: number;
  #sound: Float32Array | undefined;
  #own: Encoding | undefined;
  /** The frame for which its own encoder was last needed. */
  #ownUntil = Number.NEGATIVE_INFINITY;
  #sequence: number;
  #timestamp: number;
  #isFirst = true;
  held = false;

  constructor(options: AudioOutputOptions, settings: OutputSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#ticks = (rtpClock(options.codec) * FRAME_MS) / 1000;
    // RFC 3550 §5.1: both begin anywhere.
    this.#sequence = Math.floor(settings.random() * 0x8000);
    this.#timestamp = Math.floor(settings.random() * 2 ** 32);
  }

  get tones(): TonePlayer {
    return this.#tones;
  }

  /** @returns the packet of this frame; undefined while the output pauses */
  send(frame: MixedFrame): Buffer | undefined {
    const payload = this.#needsOwn(frame) ? this.#sendOwn(frame) : this.#sendShared(frame);
    const packet = payload && this.#packet(payload);
    this.#isFirst = packet === undefined;
    this.skip(1);
    return packet;
  }

  /** Lets time pass without packets. */
  skip(frames: number): void {
    this.#tones.advance(frames * MIX_SAMPLES);
    this.#timestamp = (this.#timestamp + frames * this.#ticks) >>> 0;
  }

  #needsOwn({ index, voices, all }: MixedFrame): boolean {
    const { of, codec } = this.#options;
    const isDifferent =
      this.held ||
      this.#tones.isSounding ||
      of.kind === 'only' ||
      (of.kind === 'without' && voices.some(({ participant }) => participant === of.participant));
    if (isDifferent) {
      this.#ownUntil = index;
      return true;
    }
    // The listener's decoder remembers what it has heard: to go from one encoder to another is least heard in silence.
    return hasMemory(codec) && all !== undefined && index - this.#ownUntil <= LINGER_FRAMES;
  }

  #sendShared(frame: MixedFrame): Uint8Array | undefined {
    return frame.shared(this.#options.codec).encode(frame.index, frame.all, frame.before);
  }

  #sendOwn(frame: MixedFrame): Uint8Array | undefined {
    const { codec, of } = this.#options;
    this.#own ??= new Encoding(codec, this.#settings.countEncoded, this.#settings.opus);
    const hasHeardAll = of.kind !== 'only' && !this.held;
    return this.#own.encode(frame.index, this.#mix(frame), hasHeardAll ? frame.before : undefined);
  }

  /** @returns undefined for silence */
  #mix({ voices, all }: MixedFrame): Float32Array | undefined {
    const { of } = this.#options;
    const hasTone = this.#tones.isSounding;
    const heard = this.held
      ? []
      : voices.filter(({ participant }) => of.kind === 'all' || (participant === of.participant) === (of.kind === 'only'));
    if (heard.length === 0 && !hasTone) return undefined;
    if (heard.length === voices.length && !hasTone) return all;
    this.#sound ??= new Float32Array(MIX_SAMPLES);
    const sound = this.#sound;
    addUp(heard, sound);
    this.#tones.mixInto(sound);
    this.#limiter.process(sound);
    return sound;
  }

  #packet(payload: Uint8Array): Buffer {
    const { payloadType, ssrc } = this.#options;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return writeRtp({ payloadType, marker: this.#isFirst, sequence: this.#sequence, timestamp: this.#timestamp, ssrc }, payload);
  }
}

/** The sum of some voices, in place of what is in `sound`. */
export function addUp(voices: MixedFrame['voices'], sound: Float32Array): void {
  const [first, second, ...others] = voices;
  if (!first) sound.fill(0);
  else if (!second) sound.set(first.sound);
  else for (let i = 0; i < sound.length; i++) sound[i] = (first.sound[i] as number) + (second.sound[i] as number);
  for (const { sound: other } of others) for (let i = 0; i < sound.length; i++) sound[i] = (sound[i] as number) + (other[i] as number);
}
