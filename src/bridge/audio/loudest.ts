import type { ParticipantId } from '../media/media.js';
import type { Level } from './level.js';

export const MOST_HEARD = 3;

export interface Candidate {
  readonly participant: ParticipantId;
  readonly level: Level;
  readonly speaks: boolean;
}

interface Seat {
  readonly participant: ParticipantId;
  /** Loudness that rises at once and falls slowly: nobody loses his place between two words. */
  score: Level;
  spokeAt: number;
}

/** Who has been silent for so long is no longer heard. */
const HANG_OVER_MS = 800;
/** A fourth voice has to be so much louder than one of three who speak, for so long. */
const LOUDER_BY = 4;
const LOUDER_FOR_MS = 160;
/** Who has paused for so long makes room for someone who speaks. */
const PAUSE_MS = 200;
const SWAP_BY = 3;
const FALL_PER_SECOND = 20;

/**
 * Chooses the loudest three. One who begins to speak is in at once while there is room; from then on places change slowly,
 * so that neither the mix nor a list on a page flickers.
 */
export class Loudest {
  readonly #seats: Seat[] = [];
  #challenger: { readonly participant: ParticipantId; readonly since: number } | undefined;
  #at: number | undefined;

  /** Loudest first. */
  get participants(): readonly ParticipantId[] {
    return this.#seats.map(({ participant }) => participant);
  }

  has(participant: ParticipantId): boolean {
    return this.#seats.some((seat) => seat.participant === participant);
  }

  /** @returns whether who is chosen, or their order, has changed */
  update(candidates: readonly Candidate[], now: number): boolean {
    const fall = (FALL_PER_SECOND * Math.min(1000, Math.max(0, now - (this.#at ?? now)))) / 1000;
    this.#at = now;
    let changed = this.#keep(candidates, fall, now);
    const waiting = candidates.filter(({ participant, speaks }) => speaks && !this.has(participant)).sort((a, b) => b.level - a.level);
    let [next] = waiting;
    while (next && this.#seats.length < MOST_HEARD) {
      this.#seat(next, now);
      changed = true;
      waiting.shift();
      [next] = waiting;
    }
    if (next) changed = this.#challenge(next, now) || changed;
    else this.#challenger = undefined;
    return this.#order() || changed;
  }

  /** At once, without waiting for silence. */
  remove(participant: ParticipantId): boolean {
    const index = this.#seats.findIndex((seat) => seat.participant === participant);
    if (index >= 0) this.#seats.splice(index, 1);
    return index >= 0;
  }

  #keep(candidates: readonly Candidate[], fall: number, now: number): boolean {
    const before = this.#seats.length;
    for (let i = before - 1; i >= 0; i--) {
      const seat = this.#seats[i] as Seat;
      const candidate = candidates.find(({ participant }) => participant === seat.participant);
      if (candidate?.speaks) seat.spokeAt = now;
      if (!candidate || now - seat.spokeAt > HANG_OVER_MS) this.#seats.splice(i, 1);
      else seat.score = Math.max(candidate.level, seat.score - fall);
    }
    return this.#seats.length !== before;
  }

  #challenge(next: Candidate, now: number): boolean {
    const weakest = this.#seats.reduce((least, seat) => (rank(seat, now) < rank(least, now) ? seat : least));
    const isPausing = now - weakest.spokeAt > PAUSE_MS;
    if (!isPausing && next.level < weakest.score + LOUDER_BY) {
      this.#challenger = undefined;
      return false;
    }
    if (!isPausing) {
      if (this.#challenger?.participant !== next.participant) this.#challenger = { participant: next.participant, since: now };
      if (now - this.#challenger.since < LOUDER_FOR_MS) return false;
    }
    this.#challenger = undefined;
    this.#seats.splice(this.#seats.indexOf(weakest), 1);
    this.#seat(next, now);
    return true;
  }

  #seat({ participant, level }: Candidate, now: number): void {
    this.#seats.push({ participant, score: level, spokeAt: now });
  }

  /** One swap of neighbours at a time. */
  #order(): boolean {
    for (let i = 1; i < this.#seats.length; i++) {
      const louder = this.#seats[i] as Seat;
      const before = this.#seats[i - 1] as Seat;
      if (louder.score < before.score + SWAP_BY) continue;
      this.#seats[i - 1] = louder;
      this.#seats[i] = before;
      return true;
    }
    return false;
  }
}

/** Who pauses comes after all who speak. */
function rank(seat: Seat, now: number): number {
  return now - seat.spokeAt > PAUSE_MS ? seat.score - 1000 : seat.score;
}
