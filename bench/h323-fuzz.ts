import { exercise, type Outcome } from '../test/gatekeeper/h323/asn1/exercise.js';
import { mutate, noise } from '../test/gatekeeper/h323/asn1/mutations.js';
import { samples } from '../test/gatekeeper/h323/asn1/samples.js';
import { random } from '../test/gatekeeper/sip/message/mutations.js';

/**
 * A million mutated messages through the codec, against the suite's 20,000: `h323-fuzz [messages] [seed]`. Prints its seed first, so that what it
 * finds can be found again, and ends with status 1 on the first message that breaks a promise, or when memory grows.
 */
const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_007);
const next = random(seed);
const outcomes: Record<Outcome, number> = { read: 0, refused: 0 };
/** What is held after a tenth of the messages, and what may be added to it until the end. */
const warmUp = Math.floor(count / 10);
const mayGrow = 64 * 1024 * 1024;
let slowest = 0;
let before = 0;

function held(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

process.stdout.write(`${JSON.stringify({ name: 'H.323 fuzz', messages: count, seed })}\n`);
for (let index = 0; index < count; index++) {
  if (index === warmUp) before = held();
  const sample = samples[index % samples.length];
  if (!sample) break;
  const bytes = index % 20 === 0 ? noise(next, Math.floor(next() * 1500)) : mutate(sample.bytes, next);
  const began = performance.now();
  try {
    outcomes[exercise(sample.codec, bytes)]++;
  } catch (error) {
    process.stderr.write(`message ${index} of seed ${seed} (${sample.name}): ${Buffer.from(bytes).toString('hex')}\n`);
    throw error;
  }
  slowest = Math.max(slowest, performance.now() - began);
}
const grown = held() - before;
process.stdout.write(
  `${JSON.stringify({ name: 'H.323 fuzz', ...outcomes, slowestMs: Math.round(slowest * 10) / 10, grownKB: Math.round(grown / 1024) })}\n`,
);
if (globalThis.gc && grown > mayGrow) throw new Error(`${grown} bytes more than after ${warmUp} messages`);
