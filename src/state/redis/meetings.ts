import { createHash, randomBytes } from 'node:crypto';
import type { EpochMs } from '../../clock.js';
import type { MeetingHold, MeetingStore, WrongPinCount } from '../meeting-store.js';
import { MAX_WRONG_PINS, WrongPins } from '../wrong-pins.js';
import { HeldMeetings, type HeldMeetingsOptions } from './held-meetings.js';
import { AwayError } from './link.js';
import { MadeMeetings } from './made-meetings.js';

/** Meetings of all instances on Redis. */
export class SharedMeetings implements MeetingStore {
  readonly #options: HeldMeetingsOptions;
  readonly #made: MadeMeetings;
  readonly #held: HeldMeetings;
  /** Counted here as well: whoever guesses is not to begin anew when Redis goes away. */
  readonly #wrongPins: WrongPins;
  #away = true;

  constructor(options: HeldMeetingsOptions) {
    this.#options = options;
    this.#made = new MadeMeetings(options);
    this.#held = new HeldMeetings(options);
    this.#wrongPins = new WrongPins(options.clock);
  }

  create(meeting: string, value: string, until: EpochMs): Promise<boolean | 'away'> {
    return this.#made.create(meeting, value, until);
  }

  update(meeting: string, value: string, until: EpochMs): Promise<boolean | 'away'> {
    return this.#made.update(meeting, value, until);
  }

  remove(meeting: string): Promise<boolean | 'away'> {
    return this.#made.remove(meeting);
  }

  read(meeting: string): Promise<string | undefined> {
    return this.#made.read(meeting);
  }

  list(): Promise<readonly { readonly meeting: string; readonly value: string }[]> {
    return this.#made.list();
  }

  hold(meeting: string): Promise<MeetingHold> {
    return this.#held.hold(meeting);
  }

  holder(meeting: string): Promise<MeetingHold | undefined> {
    return this.#held.holder(meeting);
  }

  letGo(meeting: string, note?: 'keepNote'): Promise<void> {
    return this.#held.letGo(meeting, note);
  }

  onLost(listener: (meeting: string) => void): () => void {
    return this.#held.onLost(listener);
  }

  onOrphaned(listener: (meetings: readonly string[]) => void): () => void {
    return this.#held.onOrphaned(listener);
  }

  note(meeting: string, value: string): void {
    this.#held.note(meeting, value);
  }

  notes(meeting: string): Promise<string | undefined> {
    return this.#held.notes(meeting);
  }

  wrongPin(key: string, windowMs: number): Promise<WrongPinCount> {
    return this.#countWrongPins(key, windowMs, this.#wrongPins.add(key, windowMs), randomBytes(6).toString('base64url'));
  }

  wrongPins(key: string, windowMs: number): Promise<WrongPinCount> {
    return this.#countWrongPins(key, windowMs, this.#wrongPins.count(key, windowMs));
  }

  goAway(): void {
    this.#away = true;
    this.#made.goAway();
    this.#held.goAway();
  }

  /** Redis is there. Rejects when it is away again. */
  async comeBack(): Promise<void> {
    await this.#held.comeBack();
    await this.#made.comeBack();
    this.#away = false;
  }

  /** What others took is lost. Rejects when Redis is away. */
  reconcile(): Promise<void> {
    return this.#held.reconcile();
  }

  /** Rejects when Redis is away. */
  leave(): Promise<void> {
    return this.#held.leave();
  }

  close(): void {
    this.#held.close();
  }

  async #countWrongPins(key: string, windowMs: number, here: WrongPinCount, ...added: string[]): Promise<WrongPinCount> {
    const { link, keys } = this.#options;
    if (this.#away) return here;
    // A key may hold somebody's address, which is nobody's business in Redis.
    const name = keys.wrongPins(createHash('sha256').update(key).digest('base64url'));
    try {
      const [count, sinceMs] = (await link.run((client) => client.wrongPin(name, windowMs, MAX_WRONG_PINS, ...added))) as [number, number];
      return { count, sinceMs };
    } catch (error) {
      if (error instanceof AwayError) return here;
      throw error;
    }
  }
}
