import { describe, expect, it } from 'vitest';
import { random } from '../../sip/message/mutations.js';
import { exercise, type Outcome } from './exercise.js';
import { mutate, noise } from './mutations.js';
import { type Sample, samples } from './samples.js';

const first = samples[0] as Sample;

/** Runs `exercise` on what `make` makes of a new seed each run; the seed is in the error. */
function run(count: number, make: (next: () => number, sample: Sample) => Uint8Array): Record<Outcome, number> {
  const seed = Number(process.env.PORTVAKT_FUZZ_SEED ?? Date.now() % 1_000_000_007);
  const next = random(seed);
  const outcomes: Record<Outcome, number> = { read: 0, refused: 0 };
  for (let index = 0; index < count; index++) {
    const sample = samples[index % samples.length] ?? first;
    const bytes = make(next, sample);
    try {
      outcomes[exercise(sample.codec, bytes)]++;
    } catch (error) {
      const hex = Buffer.from(bytes).toString('hex');
      throw new Error(`PORTVAKT_FUZZ_SEED=${seed}, message ${index} (${sample.name}): ${hex}`, { cause: error });
    }
  }
  return outcomes;
}

describe('whatever comes', { timeout: 60_000 }, () => {
  it('every message is taken as it is', () => {
    for (const { codec, bytes } of samples) expect(codec.encode(codec.decode(bytes)).equals(bytes)).toBe(true);
  });

  it('every truncation of a message is refused', () => {
    for (const { codec, bytes } of samples) {
      for (let length = 0; length < bytes.length; length++) expect(exercise(codec, bytes.subarray(0, length))).toBe('refused');
    }
  });

  it('20,000 mutated messages are taken or refused', () => {
    const outcomes = run(20_000, (next, { bytes }) => mutate(bytes, next));
    // Both ways are taken, or the mutations have gone too far, or not far enough, to find anything.
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(500);
  });

  it('random bytes are taken or refused', () => {
    const outcomes = run(5000, (next) => noise(next, Math.floor(next() * 400)));
    expect(outcomes.refused).toBeGreaterThan(500);
  });

  it('a message leaves nothing behind', () => {
    const next = random(7);
    const inputs = Array.from({ length: 2000 }, (_, index) => {
      const sample = samples[index % samples.length] ?? first;
      return { codec: sample.codec, bytes: mutate(sample.bytes, next) };
    });
    const round = (): number => {
      for (const { codec, bytes } of inputs) exercise(codec, bytes);
      return process.memoryUsage().arrayBuffers;
    };
    round();
    const before = round();
    // Each round allocates more than this; what it leaves is the writer's buffer and a page of Node's.
    expect(Math.max(round(), round()) - before).toBeLessThan(64 * 1024 * 1024);
  });
});
