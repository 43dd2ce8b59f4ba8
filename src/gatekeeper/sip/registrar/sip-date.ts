import type { EpochMs } from '../../../clock.js';

/** The Date header (RFC 3261 §20.17), made once a second. Endpoints without a clock of their own set theirs by it (§10.3 step 8). */
export class SipDate {
  #second = -1;
  #text = '';

  at(now: EpochMs): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
