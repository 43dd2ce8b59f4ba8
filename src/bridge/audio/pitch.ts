/** 400 Hz to 66 Hz: every voice. */
const SHORTEST_MS = 2.5;
const LONGEST_MS = 15;
const TEMPLATE_MS = 10;

/** How much sound before its end a search looks at, in ms. */
export const PITCH_SPAN_MS = TEMPLATE_MS + LONGEST_MS;

export interface Pitch {
  /** One period, in samples. */
  readonly lag: number;
  /** -1 to 1: how well the sound repeats itself after it. */
  readonly strength: number;
}

/**
 * Finds after how many samples the end of a sound repeats itself best.
 *
 * @param sound at least PITCH_SPAN_MS before `end`
 */
export function findPitch(sound: Float32Array, end: number, rate: number): Pitch {
  // A voice's pitch needs no more than 8 kHz; the last step looks at every sample.
  const step = Math.max(1, rate / 8000);
  const shortest = Math.round((SHORTEST_MS * rate) / 1000);
  const longest = Math.round((LONGEST_MS * rate) / 1000);
  const length = (TEMPLATE_MS * rate) / 1000;
  let best: Pitch = { lag: longest, strength: -1 };
  for (let lag = shortest; lag <= longest; lag += step) {
    const strength = likeness(sound, end, lag, length, step);
    if (strength > best.strength) best = { lag, strength };
  }
  if (step === 1) return best;
  const { lag: coarse } = best;
  for (let lag = Math.max(shortest, coarse - step + 1); lag < coarse + step && lag <= longest; lag++) {
    const strength = likeness(sound, end, lag, length, step);
    if (strength > best.strength) best = { lag, strength };
  }
  return best;
}

function likeness(sound: Float32Array, end: number, lag: number, length: number, step: number): number {
  let both = 0;
  let now = 0;
  let then = 0;
  for (let i = end - length; i < end; i += step) {
    const a = sound[i] as number;
    const b = sound[i - lag] as number;
    both += a * b;
    now += a * a;
    then += b * b;
  }
  return now === 0 || then === 0 ? 0 : both / Math.sqrt(now * then);
}
