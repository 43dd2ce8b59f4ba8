import type { Clock } from '../../clock.js';
import { Sources } from '../net/sources.js';

/** Enough for a few endpoints that look for us and register; the first that does makes its address known. */
const RATE = { messagesPerSecond: 20, burst: 50 } as const;
/** Addresses remembered at most. */
const MAX_SOURCES = 50_000;

export interface StrangersOptions {
  readonly clock: Clock;
  /** Whether the address is some zone's, or that of a registered endpoint. */
  readonly isKnown: (address: string) => boolean;
}

/**
 * Who is no zone's and has not registered is answered, but not often: our answers are longer than the questions, and where a question really
 * comes from nobody can tell by a datagram. Otherwise anyone could let us send to others what they could not send themselves.
 */
export class Strangers {
  readonly #options: StrangersOptions;
  readonly #sources = new Sources({ rate: RATE, sources: MAX_SOURCES });

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  /** Whether a datagram from this address is to be looked at; asked once for each. */
  admits(address: string): boolean {
    const { clock, isKnown } = this.#options;
    return isKnown(address) || this.#sources.take(address, clock.now());
  }
}
