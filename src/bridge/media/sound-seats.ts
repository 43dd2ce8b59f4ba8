import type { ParticipantId } from './media.js';

/**
 * Who has a stream of mixed sound of his own. A room system that is heard needs one, without itself; mediasoup gives each stream an SSRC of its own,
 * so going over from the shared stream is a new SSRC to the room system. That should happen seldom: the first room systems of a meeting have
 * their own from the beginning, whether they speak or not, and only in larger meetings do those who never speak share one.
 *
 * The number is what bounds the cost: each seat is 50 packets a second to inject.
 */
export class SoundSeats {
  readonly #seats: number;
  /** When each of those with a seat last spoke; 0: not yet. */
  readonly #spoke = new Map<ParticipantId, number>();

  constructor(seats = 10) {
    this.#seats = seats;
  }

  has(participant: ParticipantId): boolean {
    return this.#spoke.has(participant);
  }

  /** Takes a free seat. False: there is none. */
  take(participant: ParticipantId): boolean {
    if (this.#spoke.has(participant)) return true;
    if (this.#spoke.size >= this.#seats) return false;
    this.#spoke.set(participant, 0);
    return true;
  }

  /** He is heard now. `seated`: he has a seat since just now; `unseated`: it is this one's, who was silent longest. */
  speak(participant: ParticipantId, now: number): { readonly seated: boolean; readonly unseated: ParticipantId | undefined } {
    const seated = !this.#spoke.has(participant);
    const unseated = seated && this.#spoke.size >= this.#seats ? this.#silentLongest() : undefined;
    if (unseated !== undefined) this.#spoke.delete(unseated);
    this.#spoke.set(participant, now);
    return { seated, unseated };
  }

  leave(participant: ParticipantId): void {
    this.#spoke.delete(participant);
  }

  #silentLongest(): ParticipantId | undefined {
    let found: ParticipantId | undefined;
    let since = Number.POSITIVE_INFINITY;
    for (const [participant, spoke] of this.#spoke) {
      if (spoke >= since) continue;
      found = participant;
      since = spoke;
    }
    return found;
  }
}
