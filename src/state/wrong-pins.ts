import type { Clock, EpochMs } from '../clock.js';
import type { WrongPinCount } from './meeting-store.js';

/** So many are remembered for one key: by then the delay has long stopped growing. */
export const MAX_WRONG_PINS = 100;
/** Beyond so many keys the one that was tried longest ago is forgotten. */
const MAX_KEYS = 10_000;

/** Wrong PINs that were tried here. */
export class WrongPins {
  readonly #clock: Pick<Clock, 'now'>;
  /** When each try was; the key that was tried last is the last. */
  readonly #tries = new Map<string, EpochMs[]>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** As `MeetingStore.wrongPin`. */
  add(key: string, windowMs: number): WrongPinCount {
    const tries = this.#tries.get(key) ?? [];
    tries.push(this.#clock.now());
    this.#tries.delete(key);
    this.#tries.set(key, tries);
    const [oldest] = this.#tries.keys();
    if (this.#tries.size > MAX_KEYS && oldest !== undefined) this.#tries.delete(oldest);
    return this.count(key, windowMs);
  }

  /** As `MeetingStore.wrongPins`. */
  count(key: string, windowMs: number): WrongPinCount {
    const now = this.#clock.now();
    const tries = (this.#tries.get(key) ?? []).filter((at) => at + windowMs > now).slice(-MAX_WRONG_PINS);
    if (tries.length === 0) this.#tries.delete(key);
    else this.#tries.set(key, tries);
    return { count: tries.length, sinceMs: now - (tries.at(-1) ?? now) };
  }
}
