import { ServiceError } from '../connection/client.js';

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** After so many failures in a row we say that the service cannot be reached and let the person try. */
export const ATTEMPTS_MAX = 12;

/**
 * How long to wait before the given attempt (1 is the first), in ms: twice as long each time. `random` (0 to 1) spreads the pages of a
 * meeting whose service went away, so that they do not all come at the same moment.
 */
export function delayBefore(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(longest / 2 + (longest / 2) * random);
}

/** What the service may refuse a stream for, that another try can mend. */
const PASSING: ReadonlySet<string> = new Set(['mediaUnavailable', 'tooMany', 'internal']);
const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 15_000;

/**
 * How long to wait, in ms, before a stream is tried again that failed `failures` times in a row: 1 s, 2 s, 4 s, and so on to 15 s, or what
 * the service says. Undefined: another try does not mend it, or (the connection broke) coming back does.
 */
export function retryDelay(error: unknown, failures: number): number | undefined {
  if (!(error instanceof ServiceError) || !PASSING.has(error.code)) return undefined;
  return Math.max(error.retryMs ?? 0, Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (failures - 1)));
}
