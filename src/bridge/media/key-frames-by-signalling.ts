import { type Clock, systemClock, type Timer } from '../../clock.js';
import type { ParticipantId } from './media.js';

const gapMs = 500;

/**
 * Wishes for whole pictures of room systems that know no RTCP for it (RFC 5168): the first is uttered at once, those that come within the gap
 * after it are one at its end.
 */
export class KeyFramesBySignalling {
  readonly #ask: (participant: ParticipantId) => void;
  readonly #clock: Clock;
  readonly #gaps = new Map<ParticipantId, { readonly timer: Timer; wanted: boolean }>();

  constructor(ask: (participant: ParticipantId) => void, clock: Clock = systemClock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  want(participant: ParticipantId): void {
    const gap = this.#gaps.get(participant);
    if (gap) {
      gap.wanted = true;
      return;
    }
    const timer = this.#clock.after(gapMs, () => {
      const { wanted = false } = this.#gaps.get(participant) ?? {};
      this.#gaps.delete(participant);
      if (wanted) this.want(participant);
    });
    this.#gaps.set(participant, { timer, wanted: false });
    this.#ask(participant);
  }

  /** It has left. */
  forget(participant: ParticipantId): void {
    this.#gaps.get(participant)?.timer.cancel();
    this.#gaps.delete(participant);
  }

  close(): void {
    for (const participant of [...this.#gaps.keys()]) this.forget(participant);
  }
}
