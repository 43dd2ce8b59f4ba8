import { createHash, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../clock.js';
import type { MeetingStore } from '../../state/meeting-store.js';
import type { MeetingDefinition, Role } from './meeting.js';

/** Wrong PINs are remembered for so long. */
export const PIN_WINDOW_MS = 60 * 60_000;
const LONGEST_DELAY_MS = 300_000;
/** Sources whose delay is known here. Beyond, the oldest are forgotten: their count is still in the store. */
const SOURCES = 10_000;
/** From so many wrong PINs in one meeting on, whoever they came from, each try there is answered slower. */
const BRAKE_FROM = 20;
const SLOWEST_ANSWER_MS = 5000;
/** Tries of one meeting that are held back at one time: each is a connection that waits. Beyond, who comes is to come again. */
const HELD_BACK_MOST = 50;

type Pins = Pick<MeetingDefinition, 'hostPin' | 'guestPin'>;

/** Whose PIN this is; undefined: nobody's. Both are compared always, and in constant time. */
export function roleOfPin({ hostPin, guestPin }: Pins, pin: string): Role | undefined {
  const host = sameText(pin, hostPin);
  const guest = sameText(pin, guestPin);
  if (host) return 'host';
  return guest ? 'guest' : undefined;
}

/** After so many wrong ones from a source, how long nothing more is listened to: 1, 2, 4 … 300 s. */
export function delayAfter(wrong: number): number {
  return wrong <= 0 ? 0 : Math.min(LONGEST_DELAY_MS, 1000 * 2 ** Math.min(wrong - 1, 20));
}

/** How long any answer about a PIN is held back, after so many wrong ones in the meeting. It slows down who guesses from many places, and locks nobody out. */
export function brakeAfter(wrong: number): number {
  return wrong < BRAKE_FROM ? 0 : Math.min(SLOWEST_ANSWER_MS, (wrong - BRAKE_FROM + 1) * 100);
}

export type PinVerdict =
  | { readonly ok: true; readonly role: Role; readonly heldBackMs: number }
  | { readonly ok: false; readonly why: 'wrong' | 'lockedOut'; readonly retryMs: number; readonly heldBackMs: number };

/**
 * Judges PINs, and makes guessing slow. Wrong ones count for a meeting and source together, so that a host elsewhere is not locked out by who
 * guesses; those of a meeting altogether only slow the answers down. What comes while a source is locked out is not looked at.
 */
export class PinGuard {
  readonly #store: Pick<MeetingStore, 'wrongPin' | 'wrongPins'>;
  /** By meeting and source, oldest first. `pending`: a try is being judged now. */
  readonly #sources = new Map<string, { until: EpochMs; pending: boolean }>();
  /** Answers that are held back now, by meeting. */
  readonly #heldBack = new Map<string, number>();

  constructor(store: Pick<MeetingStore, 'wrongPin' | 'wrongPins'>) {
    this.#store = store;
  }

  /**
   * @param source where it came from: an address, a zone and alias. Only a digest of it is kept or shared.
   * Where `heldBackMs` is not 0, the answer is to be held back for so long, and `answered` called then.
   */
  async judge(meeting: Pins & { readonly id: string }, source: string, pin: string, now: EpochMs): Promise<PinVerdict> {
    const key = `${meeting.id}/${createHash('sha256').update(source).digest('base64url').slice(0, 16)}`;
    const entry = this.#sources.get(key) ?? this.#remember(key, now);
    // One try of a source at a time: a hundred at once would else be judged by one count.
    if (entry.pending) return { ok: false, why: 'lockedOut', retryMs: 1000, heldBackMs: 0 };
    if (entry.until > now) return { ok: false, why: 'lockedOut', retryMs: entry.until - now, heldBackMs: 0 };
    entry.pending = true;
    try {
      const [ofSource, inMeeting] = await Promise.all([
        this.#store.wrongPins(key, PIN_WINDOW_MS),
        this.#store.wrongPins(meeting.id, PIN_WINDOW_MS),
      ]);
      // Another node may have listened to this source meanwhile.
      const restMs = delayAfter(ofSource.count) - ofSource.sinceMs;
      if (restMs > 0) {
        entry.until = now + restMs;
        return { ok: false, why: 'lockedOut', retryMs: restMs, heldBackMs: 0 };
      }
      const heldBackMs = brakeAfter(inMeeting.count);
      const heldBack = this.#heldBack.get(meeting.id) ?? 0;
      if (heldBackMs > 0 && heldBack >= HELD_BACK_MOST) return { ok: false, why: 'lockedOut', retryMs: heldBackMs, heldBackMs: 0 };
      if (heldBackMs > 0) this.#heldBack.set(meeting.id, heldBack + 1);
      const role = roleOfPin(meeting, pin);
      if (role) {
        this.#sources.delete(key);
        return { ok: true, role, heldBackMs };
      }
      const counted = Promise.all([this.#store.wrongPin(key, PIN_WINDOW_MS), this.#store.wrongPin(meeting.id, PIN_WINDOW_MS)]);
      const [wrong] = await counted.catch((error: unknown) => {
        if (heldBackMs > 0) this.answered(meeting.id);
        throw error;
      });
      const retryMs = delayAfter(wrong.count);
      entry.until = now + retryMs;
      return { ok: false, why: 'wrong', retryMs, heldBackMs };
    } finally {
      entry.pending = false;
    }
  }

  /** An answer that was held back has been given. */
  answered(meeting: string): void {
    const left = (this.#heldBack.get(meeting) ?? 1) - 1;
    if (left > 0) this.#heldBack.set(meeting, left);
    else this.#heldBack.delete(meeting);
  }

  #remember(key: string, now: EpochMs) {
    if (this.#sources.size >= SOURCES) this.#forget(now);
    const entry = { until: 0, pending: false };
    this.#sources.set(key, entry);
    return entry;
  }

  /** Those whose delay is over, else the oldest. */
  #forget(now: EpochMs): void {
    for (const [key, { until, pending }] of this.#sources) if (until <= now && !pending) this.#sources.delete(key);
    for (const key of this.#sources.keys()) {
      if (this.#sources.size < SOURCES) return;
      this.#sources.delete(key);
    }
  }
}

/** In the same time wherever they differ, and however long they are. */
function sameText(given: string, right: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(right ?? '')) && right !== undefined;
}
