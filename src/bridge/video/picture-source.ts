import type { ParticipantId } from '../media/media.js';
import { KeyFramePace } from './key-frame-pace.js';
import { ParameterSets } from './parameter-sets.js';
import type { PictureId } from './switch-api.js';

const slidesSuffix = '/slides';

/** How the switch names the slides of a participant: as their StreamId. */
export function slidesOf(participant: ParticipantId): PictureId {
  return participant + slidesSuffix;
}

/** A picture that fails is tried again after this long, after twice as long the next time, and so on. */
const firstAwayMs = 2_000;
const longestAwayMs = 32_000;

/** A camera or slides, as the switch knows it. */
export class PictureSource {
  readonly parameterSets = new ParameterSets();
  readonly pace = new KeyFramePace();
  /** Whether its packets come to us. */
  tapped = false;
  /** When its last packet came, or when it was tapped. */
  lastPacketAt = Number.NEGATIVE_INFINITY;
  /** RTP timestamp of the last picture that brought its own SPS. */
  spsTimestamp: number | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #awayUntil = Number.NEGATIVE_INFINITY;
  #awayMs = firstAwayMs;
  #silent = false;

  constructor(
    readonly id: PictureId,
    readonly owner: ParticipantId,
    readonly slides: boolean,
  ) {}

  /** Whether it can be shown: it has not lately failed to answer. */
  isThere(now: number): boolean {
    return now >= this.#awayUntil;
  }

  tap(now: number): void {
    this.tapped = true;
    this.lastPacketAt = now;
    // What came before the gap may not fit what comes after it.
    this.parameterSets.forget();
    this.spsTimestamp = undefined;
  }

  untap(): void {
    this.tapped = false;
  }

  /** It gave no key frame. */
  fail(now: number): void {
    this.#silent = false;
    this.#goAway(now);
  }

  /** Its packets stopped. They need only come again. */
  fallSilent(now: number): void {
    this.#silent = true;
    this.#goAway(now);
  }

  #goAway(now: number): void {
    this.#awayUntil = now + this.#awayMs;
    this.#awayMs = Math.min(longestAwayMs, this.#awayMs * 2);
  }

  packetCame(now: number): void {
    this.lastPacketAt = now;
    if (!this.#silent) return;
    this.#silent = false;
    this.#awayUntil = Number.NEGATIVE_INFINITY;
  }

  keyFrameCame(): void {
    this.pace.came();
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.#awayUntil = Number.NEGATIVE_INFINITY;
    this.#awayMs = firstAwayMs;
  }

  /** True: ask now. False: it was asked a moment ago, for the other layer, and the answer will do for both. */
  ask(now: number): boolean {
    this.pace.asked(now);
    if (now - this.#askedAt < 100) return false;
    this.#askedAt = now;
    return true;
  }
}
