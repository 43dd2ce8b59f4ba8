import type { SrvRecord } from './dns.js';

/**
 * The order in which to try SRV records (RFC 2782): by priority, and within one priority drawn by weight. `random` gives [0, 1).
 */
export function srvOrder<R extends Pick<SrvRecord, 'priority' | 'weight'>>(records: readonly R[], random: () => number): R[] {
  const byPriority = [...records].sort((a, b) => a.priority - b.priority);
  const ordered: R[] = [];
  for (let start = 0; start < byPriority.length; ) {
    let end = start;
    while (end < byPriority.length && byPriority[end]?.priority === byPriority[start]?.priority) end++;
    drawByWeight(byPriority.slice(start, end), random, ordered);
    start = end;
  }
  return ordered;
}

/**
 * RFC 2782 draws from 0 to the sum, both included, which favours the first: of two records with weight 1 it would get two thirds. Drawn from
 * 1, each gets exactly its share, and weight 0 comes when the others are drawn.
 */
function drawByWeight<R extends { readonly weight: number }>(group: R[], random: () => number, ordered: R[]): void {
  let sum = group.reduce((total, { weight }) => total + weight, 0);
  while (group.length > 0) {
    const [drawn] = group.splice(sum > 0 ? indexAt(group, 1 + Math.floor(random() * sum)) : Math.floor(random() * group.length), 1);
    if (!drawn) return;
    sum -= drawn.weight;
    ordered.push(drawn);
  }
}

/** The first whose running sum of weights reaches `draw`. */
function indexAt(group: readonly { readonly weight: number }[], draw: number): number {
  let running = 0;
  for (const [index, { weight }] of group.entries()) {
    running += weight;
    if (running >= draw) return index;
  }
  return group.length - 1;
}
