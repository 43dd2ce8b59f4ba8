/** Taps on the slower rate's side: at 8 kHz the filter is 2 ms long and passes all that a telephone has. */
const TAPS = 16;
/** Of the slower rate's half: the rest is for the filter's flank. */
const CUTOFF = 0.92;
const KAISER_BETA = 6;

interface Filter {
  readonly up: number;
  readonly down: number;
  /** For each of `up` phases as many coefficients as `length`. */
  readonly coefficients: Float64Array;
  readonly length: number;
}

const filters = new Map<string, Filter>();

/** A windowed sinc for one pair of rates, cut into phases; made once. */
function filterOf(from: number, to: number): Filter {
  const key = `${from}:${to}`;
  const known = filters.get(key);
  if (known) return known;
  const common = gcd(from, to);
  const up = to / common;
  const down = from / common;
  // In samples of the rate that both divide: `up` times the input's.
  const length = TAPS * Math.max(1, Math.round(from / Math.min(from, to)));
  const cutoff = (CUTOFF / 2) * Math.min(1 / up, 1 / down);
  const centre = (length * up - 1) / 2;
  const coefficients = new Float64Array(length * up);
  for (let phase = 0; phase < up; phase++) {
    let sum = 0;
    for (let tap = 0; tap < length; tap++) {
      const x = phase + (length - 1 - tap) * up - centre;
      const value = sinc(2 * cutoff * x) * kaiser(x / (centre + 1));
      coefficients[phase * length + tap] = value;
      sum += value;
    }
    // Each phase passes a constant as it is, so that no phase is louder than the next.
    for (let tap = 0; tap < length; tap++) coefficients[phase * length + tap] = (coefficients[phase * length + tap] as number) / sum;
  }
  const made = { up, down, coefficients, length };
  filters.set(key, made);
  return made;
}

/**
 * Changes the sample rate of a sound that comes in pieces; it remembers the end of each, so that they join. Delays by half its filter:
 * 1 ms between 8 and 48 kHz, 0.5 ms between 16 and 48.
 */
export class Resampler {
  readonly #filter: Filter;
  readonly #isPlain: boolean;
  /** The last inputs, then the piece; in doubles, which are what is calculated with: to convert at each tap took half the time. */
  #line: Float64Array;
  readonly #from: number;
  readonly #to: number;

  /** @param from, to samples a second, whole multiples of one another or close to it: 8000, 16,000, 48,000 */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
    this.#isPlain = from === to;
    this.#filter = filterOf(from, to);
    this.#line = new Float64Array(this.#filter.length - 1 + from / 50);
  }

  /**
   * @param sound a piece whose length in time is a whole number of samples at both rates
   * @param out as long as the piece at the other rate
   */
  process(sound: Float32Array, out: Float32Array): void {
    if (this.#isPlain) {
      out.set(sound);
      return;
    }
    const { up, down, coefficients, length } = this.#filter;
    const history = length - 1;
    if (this.#line.length < history + sound.length) {
      const longer = new Float64Array(history + sound.length);
      longer.set(this.#line.subarray(0, history));
      this.#line = longer;
    }
    const line = this.#line;
    line.set(sound, history);
    const samples = Math.floor((sound.length * this.#to) / this.#from);
    let at = 0;
    let phase = 0;
    for (let i = 0; i < samples; i++) {
      // Four sums, as each addition has to wait for the one before it in its sum. `length` is a multiple of 16.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let row = phase * length, tap = at; tap < at + length; tap += 4, row += 4) {
        a += (coefficients[row] as number) * (line[tap] as number);
        b += (coefficients[row + 1] as number) * (line[tap + 1] as number);
        c += (coefficients[row + 2] as number) * (line[tap + 2] as number);
        d += (coefficients[row + 3] as number) * (line[tap + 3] as number);
      }
      out[i] = a + b + (c + d);
      phase += down;
      while (phase >= up) {
        phase -= up;
        at++;
      }
    }
    line.copyWithin(0, sound.length, sound.length + history);
  }

  reset(): void {
    this.#line.fill(0);
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 30; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
