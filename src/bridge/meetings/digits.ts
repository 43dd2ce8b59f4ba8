import type { EpochMs } from '../../clock.js';

/** So long after a key nothing comes: the try is over. */
export const KEYPAD_SILENCE_MS = 10_000;
export const KEYPAD_TRIES = 3;
const LONGEST = 12;

/** Keys pressed so far, and when the last was. Undefined `at`: none was, since the prompt at `since`. */
export interface Keypad {
  readonly digits: string;
  readonly tries: number;
  readonly since: EpochMs;
}

export type KeypadStep =
  | { readonly keypad: Keypad; readonly next: 'wait' }
  /** A whole PIN: to be judged. */
  | { readonly keypad: Keypad; readonly next: 'judge'; readonly pin: string }
  /** Nothing usable came: say again what is wanted. */
  | { readonly keypad: Keypad; readonly next: 'askAgain' }
  | { readonly keypad: Keypad; readonly next: 'giveUp' };

export function openKeypad(now: EpochMs): Keypad {
  return { digits: '', tries: 0, since: now };
}

/** One key: digits, then `#`. `*` begins again. A PIN longer than any is judged as it stands: it is wrong. */
export function pressed(keypad: Keypad, key: string, now: EpochMs): KeypadStep {
  if (key === '#' && keypad.digits !== '') return { keypad: { ...keypad, digits: '', since: now }, next: 'judge', pin: keypad.digits };
  if (key === '*') return { keypad: { ...keypad, digits: '', since: now }, next: 'wait' };
  if (!/^\d$/.test(key)) return { keypad: { ...keypad, since: now }, next: 'wait' };
  // One more than the longest PIN is enough to be wrong.
  const digits = keypad.digits.length > LONGEST ? keypad.digits : keypad.digits + key;
  return { keypad: { ...keypad, digits, since: now }, next: 'wait' };
}

/** The PIN was wrong. */
export function wrong(keypad: Keypad, now: EpochMs): KeypadStep {
  const again = { digits: '', tries: keypad.tries + 1, since: now };
  return { keypad: again, next: again.tries >= KEYPAD_TRIES ? 'giveUp' : 'askAgain' };
}

/** When silence ends the try. */
export function silentAt({ since }: Keypad): EpochMs {
  return since + KEYPAD_SILENCE_MS;
}
