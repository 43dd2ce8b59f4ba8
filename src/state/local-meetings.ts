import type { Clock, EpochMs } from '../clock.js';
import { type MeetingHold, type MeetingStore, NOTE_BYTES, type WrongPinCount } from './meeting-store.js';
import type { MemberId } from './member-store.js';
import { WrongPins } from './wrong-pins.js';

interface Made {
  readonly value: string;
  readonly until: EpochMs;
}

interface Held {
  readonly hold: MeetingHold;
  note: string | undefined;
}

/** Meetings of the only instance there is: it holds every one that is held, and never loses it. */
export class LocalMeetings implements MeetingStore {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #self: MemberId;
  readonly #made = new Map<string, Made>();
  readonly #held = new Map<string, Held>();
  readonly #wrongPins: WrongPins;

  constructor(clock: Pick<Clock, 'now'>, self: MemberId) {
    this.#clock = clock;
    this.#self = self;
    this.#wrongPins = new WrongPins(clock);
  }

  create(meeting: string, value: string, until: EpochMs): Promise<boolean> {
    this.#forgetOld();
    if (this.#made.has(meeting)) return Promise.resolve(false);
    this.#made.set(meeting, { value, until });
    return Promise.resolve(true);
  }

  update(meeting: string, value: string, until: EpochMs): Promise<boolean> {
    this.#forgetOld();
    if (!this.#made.has(meeting)) return Promise.resolve(false);
    this.#made.set(meeting, { value, until });
    return Promise.resolve(true);
  }

  remove(meeting: string): Promise<boolean> {
    this.#forgetOld();
    return Promise.resolve(this.#made.delete(meeting));
  }

  read(meeting: string): Promise<string | undefined> {
    const made = this.#made.get(meeting);
    return Promise.resolve(made && made.until > this.#clock.now() ? made.value : undefined);
  }

  list(): Promise<readonly { readonly meeting: string; readonly value: string }[]> {
    this.#forgetOld();
    return Promise.resolve([...this.#made].map(([meeting, { value }]) => ({ meeting, value })));
  }

  hold(meeting: string): Promise<MeetingHold> {
    const held = this.#held.get(meeting) ?? { hold: { meeting, member: this.#self, since: this.#clock.now() }, note: undefined };
    this.#held.set(meeting, held);
    return Promise.resolve(held.hold);
  }

  holder(meeting: string): Promise<MeetingHold | undefined> {
    return Promise.resolve(this.#held.get(meeting)?.hold);
  }

  letGo(meeting: string): Promise<void> {
    this.#held.delete(meeting);
    return Promise.resolve();
  }

  onLost(): () => void {
    return nothing;
  }

  onOrphaned(): () => void {
    return nothing;
  }

  note(meeting: string, value: string): void {
    const held = this.#held.get(meeting);
    if (held && value.length <= NOTE_BYTES) held.note = value;
  }

  notes(meeting: string): Promise<string | undefined> {
    return Promise.resolve(this.#held.get(meeting)?.note);
  }

  wrongPin(key: string, windowMs: number): Promise<WrongPinCount> {
    return Promise.resolve(this.#wrongPins.add(key, windowMs));
  }

  wrongPins(key: string, windowMs: number): Promise<WrongPinCount> {
    return Promise.resolve(this.#wrongPins.count(key, windowMs));
  }

  #forgetOld(): void {
    const now = this.#clock.now();
    for (const [meeting, { until }] of this.#made) if (until <= now) this.#made.delete(meeting);
  }
}

function nothing(): void {}
