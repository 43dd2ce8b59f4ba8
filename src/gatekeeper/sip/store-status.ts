import type { EpochMs } from '../../clock.js';

/** Whether the store that instances share can be asked. */
export interface StoreStatus {
  readonly state: 'connected' | 'away';
  readonly since: EpochMs;
}

/** After so long an instance counts as dead, and its calls go over to others. */
const lostAfterMs = 10_000;

/**
 * Whether others may have taken calls of this instance for lost without its knowing: the store has been away for long enough, or is back for so
 * short a time that the news may not be here.
 * @param first since when it was there at the start
 */
export function mayHaveLostCalls(status: StoreStatus | undefined, first: EpochMs | undefined, now: EpochMs): boolean {
  if (!status || (status.state === 'connected' && status.since === first)) return false;
  const ms = now - status.since;
  return status.state === 'away' ? ms >= lostAfterMs : ms >= 0 && ms < lostAfterMs;
}
