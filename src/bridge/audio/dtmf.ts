const DIGITS = '0123456789*#ABCD';

/** A key that is held is sent in pieces, when its duration no longer fits 16 bits (RFC 4733 §2.5.1.3). */
const LONGEST_PIECE = 0xffff;
/** Nobody types faster for long; what does is no keypad. */
const BURST = 16;
const PER_SECOND = 12;

/** Telephone events of one sender (RFC 4733): each press of a key once, at the first of its packets that arrives. */
export class DtmfReceiver {
  #press: { readonly event: number; timestamp: number; duration: number; ended: boolean } | undefined;
  #credit = BURST;
  #at: number | undefined;

  /**
   * @param timestamp RTP timestamp: when the key went down, the same in all packets of a press
   * @returns the digit, at the first packet of a press; undefined for all others, and for what is no digit
   */
  receive(payload: Uint8Array, timestamp: number, now: number): string | undefined {
    if (payload.length < 4) return undefined;
    const event = payload[0] as number;
    const digit = DIGITS[event];
    if (digit === undefined) return undefined;
    const ended = ((payload[1] as number) & 0x80) !== 0;
    const duration = ((payload[2] as number) << 8) | (payload[3] as number);
    const press = this.#press;
    if (press) {
      const later = (timestamp - press.timestamp) | 0;
      if (later === 0) {
        press.duration = Math.max(press.duration, duration);
        press.ended ||= ended;
        return undefined;
      }
      // An old packet that was overtaken. So far back it is a new count of another sender.
      if (later < 0 && later > -80_000) return undefined;
      if (event === press.event && !press.ended && press.duration === LONGEST_PIECE && later === LONGEST_PIECE) {
        press.timestamp = timestamp;
        press.duration = duration;
        press.ended = ended;
        return undefined;
      }
    }
    this.#press = { event, timestamp, duration, ended };
    return this.#mayPress(now) ? digit : undefined;
  }

  #mayPress(now: number): boolean {
    this.#credit = Math.min(BURST, this.#credit + (Math.max(0, now - (this.#at ?? now)) * PER_SECOND) / 1000);
    this.#at = now;
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }
}
