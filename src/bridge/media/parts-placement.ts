import type { PartHandle, PartPlace } from './part-place.js';
import type { Placement } from './pool.js';

export type Choice = { readonly part: PartHandle } | { readonly place: PartPlace };

/** Each that cannot be reached holds up who joins for some seconds. */
const maxNeighbours = 2;

/**
 * Where a new leg of a meeting goes, the best first. A meeting stays together while its workers have room; then it gets a part on the least
 * loaded other worker, then on another node (two are tried at most). With no room anywhere it goes to the least loaded part it has: how many may come is a matter of
 * licences, and was decided before.
 *
 * @param parts the meeting's, home first
 * @param load of the new leg
 */
export function placesFor(parts: readonly PartHandle[], load: number, placement: Placement): readonly Choice[] {
  const { threads, neighbours, maxLegsPerPart, maxLegsPerNode } = placement;
  const here = threads.reduce((sum, thread) => sum + thread.load, 0);
  const nodeHasRoom = here + load <= maxLegsPerNode;
  const hasRoom = (one: { readonly node: string; readonly load: number }): boolean =>
    one.load + load <= maxLegsPerPart && (one.node !== 'here' || nodeHasRoom);
  const leastFirst = parts.toSorted((a, b) => a.load - b.load);

  const choices: Choice[] = leastFirst.filter(hasRoom).map((part) => ({ part }));
  // A worker that has a part of this meeting has the load of that part.
  const taken = new Set(parts.map(({ place }) => place));
  const others = threads.filter((thread) => !taken.has(thread) && hasRoom(thread)).toSorted((a, b) => a.load - b.load);
  choices.push(...others.map((place) => ({ place })));
  choices.push(...neighbours.slice(0, maxNeighbours).map((place) => ({ place })));
  choices.push(...leastFirst.map((part) => ({ part })));
  return choices;
}
