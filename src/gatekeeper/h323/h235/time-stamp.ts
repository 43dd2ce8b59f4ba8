import type { EpochMs } from '../../../clock.js';

/** A TimeStamp of H.235.0: whole seconds since 1970-01-01T00:00:00Z. */
export function secondsOf(now: EpochMs): number {
  return Math.floor(now / 1000);
}
