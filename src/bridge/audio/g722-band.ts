/*
 * One band of G.722: adaptive differential PCM. A sample is predicted from two poles and six zeros, what the prediction missed is quantised
 * in steps that grow and shrink with the sound, and encoder and decoder adapt alike from the codes alone. Names as in the recommendation's
 * block diagrams (§3, §6.2): `s` the prediction, `d` the quantised difference, `det` the size of a step, `nb` its logarithm.
 */

// Quantiser tables of G.722 (tables 14 to 20): outputs for the 6 and 4 bits of the low band and the 2 bits of the high band.
const QM6 = Int32Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856],
  ...[-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728],
  ...[24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
const QM4 = Int32Array.of(0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0);
const QM2 = Int32Array.of(-7408, -1616, 7408, 1616);
/** Decision levels of the low band's encoder. */
const Q6 = Int32Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714],
  ...[786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
/** How far a code moves the logarithm of the step: by the low band's upper four bits, and by the high band's two. */
const W_LOW = Int32Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);
const W_HIGH = Int32Array.of(798, -214, 798, -214);
/** 2^(i/32), scaled by 2048. */
const ILB = Int32Array.from({ length: 32 }, (_, i) => Math.round(2048 * 2 ** (i / 32)));

function saturate(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
}

/** The predictor that both bands and both directions share. */
abstract class Band {
  protected s = 0;
  protected nb = 0;
  protected abstract det: number;
  #sz = 0;
  #r1 = 0;
  #r2 = 0;
  #p1 = 0;
  #p2 = 0;
  #a1 = 0;
  #a2 = 0;
  #d1 = 0;
  #d2 = 0;
  #d3 = 0;
  #d4 = 0;
  #d5 = 0;
  #d6 = 0;
  #b1 = 0;
  #b2 = 0;
  #b3 = 0;
  #b4 = 0;
  #b5 = 0;
  #b6 = 0;

  /** Learns from one quantised difference and predicts the next sample (block 4 of the recommendation). */
  protected adapt(d: number): void {
    const r = saturate(this.s + d);
    const p = saturate(this.#sz + d);
    const same1 = p < 0 === this.#p1 < 0;
    const same2 = p < 0 === this.#p2 < 0;

    const a1Shifted = saturate(this.#a1 << 2);
    let a2 = ((same1 ? saturate(-a1Shifted) : a1Shifted) >> 7) + (same2 ? 128 : -128) + ((this.#a2 * 32_512) >> 15);
    a2 = a2 > 12_288 ? 12_288 : a2 < -12_288 ? -12_288 : a2;
    const a1Limit = saturate(15_360 - a2);
    let a1 = saturate((same1 ? 192 : -192) + ((this.#a1 * 32_640) >> 15));
    a1 = a1 > a1Limit ? a1Limit : a1 < -a1Limit ? -a1Limit : a1;

    const step = d === 0 ? 0 : 128;
    const negative = d < 0;
    const b1 = saturate((this.#d1 < 0 === negative ? step : -step) + ((this.#b1 * 32_640) >> 15));
    const b2 = saturate((this.#d2 < 0 === negative ? step : -step) + ((this.#b2 * 32_640) >> 15));
    const b3 = saturate((this.#d3 < 0 === negative ? step : -step) + ((this.#b3 * 32_640) >> 15));
    const b4 = saturate((this.#d4 < 0 === negative ? step : -step) + ((this.#b4 * 32_640) >> 15));
    const b5 = saturate((this.#d5 < 0 === negative ? step : -step) + ((this.#b5 * 32_640) >> 15));
    const b6 = saturate((this.#d6 < 0 === negative ? step : -step) + ((this.#b6 * 32_640) >> 15));

    this.#d6 = this.#d5;
    this.#d5 = this.#d4;
    this.#d4 = this.#d3;
    this.#d3 = this.#d2;
    this.#d2 = this.#d1;
    this.#d1 = d;
    this.#b1 = b1;
    this.#b2 = b2;
    this.#b3 = b3;
    this.#b4 = b4;
    this.#b5 = b5;
    this.#b6 = b6;
    this.#r2 = this.#r1;
    this.#r1 = r;
    this.#p2 = this.#p1;
    this.#p1 = p;
    this.#a1 = a1;
    this.#a2 = a2;

    const sp = saturate(((a1 * saturate(2 * r)) >> 15) + ((a2 * saturate(2 * this.#r2)) >> 15));
    this.#sz = saturate(
      ((b1 * saturate(2 * d)) >> 15) +
        ((b2 * saturate(2 * this.#d2)) >> 15) +
        ((b3 * saturate(2 * this.#d3)) >> 15) +
        ((b4 * saturate(2 * this.#d4)) >> 15) +
        ((b5 * saturate(2 * this.#d5)) >> 15) +
        ((b6 * saturate(2 * this.#d6)) >> 15),
    );
    this.s = saturate(sp + this.#sz);
  }
}

/** 0 to 4 kHz, six bits a sample. */
export class LowBand extends Band {
  protected det = 32;

  /** @param code six bits @returns the sample, 15 bits wide */
  decode(code: number): number {
    const sample = this.s + ((this.det * (QM6[code] as number)) >> 15);
    this.#follow(code >> 2);
    return sample > 16_383 ? 16_383 : sample < -16_384 ? -16_384 : sample;
  }

  encode(sample: number): number {
    const missed = saturate(sample - this.s);
    const size = missed >= 0 ? missed : ~missed;
    let step = 1;
    while (step < 30 && size >= ((Q6[step] as number) * this.det) >> 12) step++;
    const code = lowCode(step, missed < 0);
    this.#follow(code >> 2);
    return code;
  }

  /** The step follows the upper four bits alone, so that the lower two may be robbed for data on the way. */
  #follow(code: number): void {
    const d = (this.det * (QM4[code] as number)) >> 15;
    this.nb = nextLogStep(this.nb, W_LOW[code] as number, 18_432);
    this.det = stepOf(this.nb, 8);
    this.adapt(d);
  }
}

/** 4 to 8 kHz, two bits a sample. */
export class HighBand extends Band {
  protected det = 8;

  decode(code: number): number {
    const d = (this.det * (QM2[code] as number)) >> 15;
    const sample = this.s + d;
    this.#follow(code, d);
    return sample > 16_383 ? 16_383 : sample < -16_384 ? -16_384 : sample;
  }

  encode(sample: number): number {
    const missed = saturate(sample - this.s);
    const size = missed >= 0 ? missed : ~missed;
    const isLarge = size >= (564 * this.det) >> 12;
    const code = (missed < 0 ? 0 : 2) | (isLarge ? 0 : 1);
    this.#follow(code, (this.det * (QM2[code] as number)) >> 15);
    return code;
  }

  #follow(code: number, d: number): void {
    this.nb = nextLogStep(this.nb, W_HIGH[code] as number, 22_528);
    this.det = stepOf(this.nb, 10);
    this.adapt(d);
  }
}

/** Codes of the low band count from the largest difference to the smallest, 4 to 31 below zero and 32 to 61 above; the two smallest are 62 and 63 below. */
function lowCode(step: number, isNegative: boolean): number {
  if (!isNegative) return 62 - step;
  return step <= 2 ? 64 - step : 34 - step;
}

function nextLogStep(nb: number, weight: number, max: number): number {
  const next = ((nb * 127) >> 7) + weight;
  return next < 0 ? 0 : next > max ? max : next;
}

function stepOf(nb: number, range: number): number {
  const shift = range - (nb >> 11);
  const base = ILB[(nb >> 6) & 31] as number;
  return (shift < 0 ? base << -shift : base >> shift) << 2;
}

/**
 * Follows the size of the low band's steps through a payload without decoding it: how loud the sound is, for next to nothing.
 * Steps measure what prediction missed, so that a steady vowel seems quieter than it is by its prediction gain.
 */
export class StepFollower {
  #nb = 0;

  /** @returns about the mean square of the sound in a payload, before what prediction gains */
  power(bytes: Uint8Array, from = 0, to = bytes.length): number {
    let nb = this.#nb;
    let sum = 0;
    let count = 0;
    for (let i = from; i < to; i++) {
      nb = nextLogStep(nb, W_LOW[((bytes[i] as number) >> 2) & 15] as number, 18_432);
      // The logarithm moves slowly: every fourth is enough to add up.
      if ((i & 3) !== 0) continue;
      const det = stepOf(nb, 8);
      sum += det * det;
      count++;
    }
    this.#nb = nb;
    return count === 0 ? 0 : sum / count;
  }
}
