import { randomFillSync } from 'node:crypto';

// Randomness is fetched 512 tags at a time: one call of randomBytes(8) costs more than the rest of a response.
const pool = Buffer.allocUnsafe(4096);
let used = pool.length;

/** A new From or To tag: 64 random bits (RFC 3261 §19.3 asks for 32 at least). */
export function newTag(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 8;
  return pool.toString('hex', used - 8, used);
}
