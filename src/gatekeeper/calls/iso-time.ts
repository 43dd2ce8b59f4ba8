import type { EpochMs } from '../../clock.js';

const DAY_MS = 86_400_000;
const pairs = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

let day = Number.NaN;
let date = '';

/**
 * As `Date.toISOString` writes it. Every record needs five of these, and Date works out the calendar anew for each: 1.3 µs on the test
 * machine, where a day that is remembered leaves 0.2 µs.
 */
export function isoTime(time: EpochMs): string {
  const whole = Math.floor(time);
  const thisDay = Math.floor(whole / DAY_MS);
  if (thisDay !== day) {
    date = new Date(thisDay * DAY_MS).toISOString().slice(0, -13);
    day = thisDay;
  }
  const ms = whole - thisDay * DAY_MS;
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const thousandths = String(1000 + (ms % 1000)).slice(1);
  return `${date}${pairs[Math.floor(minutes / 60)]}:${pairs[minutes % 60]}:${pairs[seconds % 60]}.${thousandths}Z`;
}
