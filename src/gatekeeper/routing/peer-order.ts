interface Weighted {
  /** Lower is tried first. */
  readonly priority: number;
  /** Share among those of one priority; 0: hardly ever before one that has a weight. */
  readonly weight: number;
}

/**
 * The order in which peers are tried for one call (RFC 2782, "Usage rules"): by priority, and inside one priority drawn by weight, so that
 * over many calls each gets its share. Pure: `random` gives numbers from 0 up to but not including 1. Does not change `peers`.
 */
export function orderPeers<T extends Weighted>(peers: readonly T[], random: () => number): readonly T[] {
  if (peers.length < 2) return peers;
  // Those with weight 0 stand first, so that they have a small chance and not none.
  const rest = [...peers].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: T[] = [];
  while (rest.length > 0) ordered.push(...rest.splice(draw(rest, random), 1));
  return ordered;
}

/** The index of one of those with the first priority in `rest`. */
function draw(rest: readonly Weighted[], random: () => number): number {
  const priority = rest[0]?.priority;
  let total = 0;
  for (const peer of rest) if (peer.priority === priority) total += peer.weight;
  const drawn = Math.floor(random() * (total + 1));
  let sum = 0;
  return Math.max(
    0,
    rest.findIndex((peer) => {
      sum += peer.weight;
      return sum >= drawn;
    }),
  );
}
