import type { AudioDecoder, AudioEncoder } from './codec.js';

/*
 * ITU-T G.711: eight bits a sample at 8 kHz, either law by tables. A code is found by the upper 14 bits of a 16-bit sample (µ-law has 14,
 * A-law 13), and each table is made from the law's segments when it is first asked for.
 */

export type G711Law = 'PCMA' | 'PCMU';

interface Tables {
  /** 16-bit sample of each code. */
  readonly samples: Int16Array;
  /** Code of (sample >> 2) + 8192. */
  readonly codes: Uint8Array;
  /** Square of each code's sample. */
  readonly powers: Float64Array;
}

const cache = new Map<G711Law, Tables>();

function tablesOf(law: G711Law): Tables {
  const known = cache.get(law);
  if (known) return known;
  const samples = Int16Array.from({ length: 256 }, (_, code) => (law === 'PCMA' ? aLawSample(code) : muLawSample(code)));
  const codes = Uint8Array.from({ length: 16_384 }, (_, index) => {
    const sample = (index - 8192) << 2;
    return law === 'PCMA' ? aLawCode(sample) : muLawCode(sample);
  });
  const made = { samples, codes, powers: Float64Array.from(samples, (sample) => sample * sample) };
  cache.set(law, made);
  return made;
}

/** Even bits of an A-law code are sent inverted, and its sign bit is 1 for what is positive (G.711 §3.1, table 1a). */
function aLawSample(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 15) << 4) + 8;
  const size = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return bits & 0x80 ? size : -size;
}

function aLawCode(sample: number): number {
  // One's complement, so that -1 is the smallest step below zero and not the one after it.
  const size = sample >= 0 ? sample >> 3 : ~sample >> 3;
  const segment = 27 - Math.clz32(size | 0x1f);
  const step = (size >> Math.max(1, segment)) & 15;
  return ((segment << 4) | step | (sample >= 0 ? 0x80 : 0)) ^ 0x55;
}

/** What is added so that a µ-law segment begins at a power of two, in 16-bit units. */
const BIAS = 132;
const MU_LAW_MAX = 32_635;

/** All bits of a µ-law code are sent inverted (G.711 table 2a). */
function muLawSample(code: number): number {
  const bits = ~code & 0xff;
  const size = ((((bits & 15) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
  return bits & 0x80 ? -size : size;
}

function muLawCode(sample: number): number {
  const size = Math.min(sample >= 0 ? sample : -sample, MU_LAW_MAX) + BIAS;
  const segment = 24 - Math.clz32(size);
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((size >> (segment + 3)) & 15)) & 0xff;
}

/** G.711 both ways; it remembers nothing. */
export class G711Codec implements AudioDecoder, AudioEncoder {
  readonly rate = 8000;
  readonly #tables: Tables;
  #sound = new Float32Array(160);
  readonly #payload = new Uint8Array(160);

  constructor(law: G711Law) {
    this.#tables = tablesOf(law);
  }

  decode(payload: Uint8Array): Float32Array {
    const { samples } = this.#tables;
    const { length } = payload;
    if (this.#sound.length < length) this.#sound = new Float32Array(length);
    const sound = this.#sound;
    for (let i = 0; i < length; i++) sound[i] = samples[payload[i] as number] as number;
    return sound.length === length ? sound : sound.subarray(0, length);
  }

  encode(frame: Float32Array): Uint8Array {
    const { codes } = this.#tables;
    const payload = this.#payload;
    for (let i = 0; i < payload.length; i++) {
      const sample = Math.round(frame[i] as number);
      const clipped = sample > 32_767 ? 32_767 : sample < -32_768 ? -32_768 : sample;
      payload[i] = codes[(clipped >> 2) + 8192] as number;
    }
    return payload;
  }

  reset(): void {}
}

/** Every third sample says how loud a sound is well enough, and no pitch that matters falls into step with them. */
const STRIDE = 3;

/** About the mean square of the samples in a payload, without decoding it. */
export function g711Power(law: G711Law, bytes: Uint8Array, from = 0, to = bytes.length): number {
  const { powers } = tablesOf(law);
  let sum = 0;
  for (let i = from; i < to; i += STRIDE) sum += powers[bytes[i] as number] as number;
  return to <= from ? 0 : sum / Math.ceil((to - from) / STRIDE);
}
