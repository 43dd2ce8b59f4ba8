import { type AudioDecoder, createDecoder } from './codec.js';
import { Concealment } from './concealment.js';
import { FRAME_MS, MIX_RATE, MIX_SAMPLES } from './frame.js';
import type { JitterBuffer } from './jitter-buffer.js';
import { powerOfSound } from './level.js';
import type { AudioSourceOptions } from './mix-api.js';
import { Resampler } from './resample.js';
import { SoundQueue } from './sound-queue.js';
import type { SourceCounts } from './source.js';

/** Delay beyond what jitter needs is played away. A frame's worth is only due to when the frames are taken. */
const EXCESS_MS = FRAME_MS + 10;
/** So much of it has to go, whether the sound repeats itself or not. */
const MUCH_EXCESS_MS = 80;
/** The noise of a room goes on for so long after a sender has paused. */
const NOISE_FRAMES = 50;

interface Parts {
  readonly decoder: AudioDecoder;
  readonly concealment: Concealment;
  readonly queue: SoundQueue;
  readonly resampler: Resampler;
  /** 20 ms at the codec's rate. */
  readonly frame: Float32Array;
}

export interface Played {
  /** 20 ms at 48 kHz; good until the next. */
  readonly frame: Float32Array;
  /** Mean square. */
  readonly power: number;
}

/** Takes packets from a jitter buffer when they are due, decodes them, fills what is missing: a steady sound at 48 kHz. */
export class Player {
  readonly #options: AudioSourceOptions;
  readonly #counts: SourceCounts;
  readonly #samplesPerTick: number;
  readonly #out = new Float32Array(MIX_SAMPLES);
  /** Made when there is something to play: most of a large meeting never speak. */
  #parts: Parts | undefined;
  #framesPlayed = 0;
  #framesOfNoise = NOISE_FRAMES;

  constructor(options: AudioSourceOptions, counts: SourceCounts) {
    this.#options = options;
    this.#counts = counts;
    this.#samplesPerTick = options.codec === 'G722' ? 2 : 1;
  }

  /** Whether it has played long enough, since it began, for its loudness to be known. */
  get hasPlayed(): boolean {
    return this.#framesPlayed >= 5;
  }

  /** @param before packets before the first that will be played */
  begin(before: readonly Uint8Array[]): void {
    this.#framesPlayed = 0;
    this.#framesOfNoise = NOISE_FRAMES;
    const { decoder, queue, concealment, resampler } = this.#make();
    decoder.reset();
    queue.clear();
    concealment.reset();
    resampler.reset();
    for (const payload of before) this.#decode(decoder, payload);
  }

  /**
   * @param noiseRms of the room
   * @param now when these 20 ms are due
   * @returns undefined when the sender pauses, or has not begun
   */
  play(jitter: JitterBuffer, noiseRms: number, now: number): Played | undefined {
    const parts = this.#make();
    const { queue, frame, resampler, concealment } = parts;
    while (queue.length < frame.length) {
      const paused = this.#pull(parts, jitter, noiseRms, now);
      if (!paused) continue;
      if (this.#framesOfNoise >= NOISE_FRAMES && concealment.isSpent && queue.length === 0) return undefined;
      this.#framesOfNoise++;
      queue.push(concealment.fill(frame.length - queue.length, noiseRms));
    }
    if (jitter.excessMs(now + queue.ms) > EXCESS_MS) this.#catchUp(parts, jitter, noiseRms, now);
    queue.take(frame);
    this.#framesPlayed++;
    resampler.process(frame, this.#out);
    return { frame: this.#out, power: powerOfSound(frame) };
  }

  /** Between two times of playing. @returns how loud a packet is: mean square; undefined: the decoder refuses it */
  glance(payload: Uint8Array): number | undefined {
    const sound = this.#decode(this.#make().decoder, payload);
    return sound && powerOfSound(sound);
  }

  /** What comes next was encoded by another encoder. */
  startAnew(): void {
    this.#parts?.decoder.reset();
  }

  #make(): Parts {
    this.#parts ??= makeParts(this.#options);
    return this.#parts;
  }

  /** Brings the next piece of sound into the queue. @returns true when there is none to come */
  #pull(parts: Parts, jitter: JitterBuffer, noiseRms: number, now: number): boolean {
    const { decoder, concealment, queue, frame } = parts;
    const next = jitter.take(now + queue.ms);
    if (next.kind === 'nothing') {
      if (next.paused) return true;
      const missing = frame.length - queue.length;
      jitter.filled((missing * 1000) / decoder.rate);
      this.#counts.concealed++;
      queue.push(concealment.fill(missing, noiseRms));
      return false;
    }
    if (next.kind === 'lost') {
      this.#counts.concealed++;
      queue.push(concealment.fill(next.duration * this.#samplesPerTick, noiseRms));
      return false;
    }
    const sound = this.#decode(decoder, next.packet.payload);
    if (sound) {
      this.#framesOfNoise = 0;
      concealment.heard(sound, noiseRms);
      queue.push(sound);
    } else queue.push(concealment.fill(next.packet.duration * this.#samplesPerTick, noiseRms));
    return false;
  }

  #catchUp(parts: Parts, jitter: JitterBuffer, noiseRms: number, now: number): void {
    const { queue, frame } = parts;
    if (queue.length < 2 * frame.length) {
      if (!jitter.hasNext) return;
      this.#pull(parts, jitter, noiseRms, now);
    }
    queue.shorten(jitter.excessMs(now + queue.ms) > MUCH_EXCESS_MS);
  }

  #decode(decoder: AudioDecoder, payload: Uint8Array): Float32Array | undefined {
    try {
      const sound = decoder.decode(payload);
      this.#counts.decoded++;
      return sound;
    } catch {
      this.#counts.bad++;
      return undefined;
    }
  }
}

function makeParts({ codec }: AudioSourceOptions): Parts {
  const decoder = createDecoder(codec);
  const { rate } = decoder;
  return {
    decoder,
    concealment: new Concealment(rate),
    queue: new SoundQueue(rate),
    resampler: new Resampler(rate, MIX_RATE),
    frame: new Float32Array((rate * FRAME_MS) / 1000),
  };
}
