/**
 * Which final response a forking proxy passes on (RFC 3261 §16.7 step 6): any 6xx first, else the lowest class, and inside a class
 * the one that tells the caller most.
 */
export function compareFinals(a: number, b: number): number {
  return rank(a) - rank(b);
}

function rank(status: number): number {
  if (status >= 600) return status - 600;
  if (status >= 400 && status < 500) {
    // §16.7 step 6: responses that the caller can act on come before the others of their class.
    const actionable = status === 401 || status === 407 || status === 415 || status === 420 || status === 484;
    // A timeout or "no longer there" of one branch says least: any other branch's answer is better (RFC 5626 §4.3 for 430).
    const weak = status === 408 || status === 430 || status === 487;
    return 4_000 + (actionable ? 0 : weak ? 900 : 200) + (status - 400) / 10;
  }
  return Math.floor(status / 100) * 1_000 + (status === 503 ? 900 : status % 100);
}

/** After these the next route is tried: the fault lies with the way, not with the one who was called. */
export function callsForNextRoute(status: number): boolean {
  return status === 408 || status === 430 || status === 500 || status === 503 || status === 504;
}
