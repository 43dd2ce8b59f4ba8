import { randomFillSync } from 'node:crypto';
import type { EpochMs } from '../../clock.js';
import type { CallId } from './call.js';

const TIME_DIGITS = 9; // base 36: good until the year 5188
const SERIAL_DIGITS = 3;
const SERIALS = 36 ** SERIAL_DIGITS;
const RANDOM_DIGITS = 8;
const RANDOM_BYTES = 6; // 48 bits, cut to 36^8: each instance draws anew for each call
const POOL_BYTES = 4096 - (4096 % RANDOM_BYTES);

/**
 * Makes call ids: 20 characters of base 36, time (9) + serial number within the millisecond (3) + random (8). Ids of one source sort in
 * the order they were made, also when the system's clock is set back; the random part keeps the ids of several instances apart.
 */
export function callIds(): (now: EpochMs) => CallId {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let used = POOL_BYTES;
  let time = 0;
  let serial = 0;
  return (now) => {
    if (now > time) {
      time = now;
      serial = 0;
    } else if (++serial === SERIALS) {
      time += 1;
      serial = 0;
    }
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.readUIntBE(used, RANDOM_BYTES) % 36 ** RANDOM_DIGITS;
    used += RANDOM_BYTES;
    return digits(time, TIME_DIGITS) + digits(serial, SERIAL_DIGITS) + digits(random, RANDOM_DIGITS);
  };
}

function digits(value: number, width: number): string {
  return value.toString(36).padStart(width, '0');
}
