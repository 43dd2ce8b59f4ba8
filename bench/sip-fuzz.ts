import { exercise, type Outcome } from '../test/gatekeeper/sip/message/exercise.js';
import { mutate, noise, random } from '../test/gatekeeper/sip/message/mutations.js';
import { samples } from '../test/gatekeeper/sip/message/samples.js';

/**
 * A million mutated messages through the parser, against the suite's 20,000: `sip-fuzz [messages] [seed]`. Prints its seed first, so that what
 * it finds can be found again, and ends with status 1 on the first message that breaks a promise.
 */
const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_007);
const next = random(seed);
const outcomes: Record<Outcome, number> = { read: 0, answered: 0, dropped: 0 };
let slowest = 0;

process.stdout.write(`${JSON.stringify({ name: 'SIP fuzz', messages: count, seed })}\n`);
for (let index = 0; index < count; index++) {
  const sample = samples[index % samples.length] ?? '';
  const bytes = index % 20 === 0 ? noise(next, Math.floor(next() * 1500)) : mutate(sample, next);
  const began = performance.now();
  try {
    outcomes[exercise(bytes)]++;
  } catch (error) {
    process.stderr.write(`message ${index} of seed ${seed}: ${JSON.stringify(bytes)}\n`);
    throw error;
  }
  slowest = Math.max(slowest, performance.now() - began);
}
process.stdout.write(`${JSON.stringify({ name: 'SIP fuzz', ...outcomes, slowestMs: Math.round(slowest * 10) / 10 })}\n`);
