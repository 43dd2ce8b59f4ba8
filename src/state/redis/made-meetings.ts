import { randomBytes } from 'node:crypto';
import type { Clock, EpochMs } from '../../clock.js';
import type { HintStore } from '../member-store.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';

export interface MadeMeetingsOptions {
  readonly link: Link;
  readonly keys: Keys;
  readonly clock: Clock;
  /** By which others hear what changed. */
  readonly hints: HintStore;
}

interface Made {
  readonly value: string;
  readonly until: EpochMs;
}

/** What is known here for when Redis is away. Beyond so many, later ones are not. */
const MAX_KNOWN = 20_000;
/** A master that was replaced may have taken changes of so long ago with it. */
const RECENT_MS = 60_000;
const SCAN = 500;
const BATCH = 200;
const CHANGED = 'meeting';

/** Meetings made through the API, on Redis: asked for there, and from what this instance knows while it is away. */
export class MadeMeetings {
  readonly #options: MadeMeetingsOptions;
  readonly #known = new Map<string, Made>();
  /** Changed by this instance, and when; oldest first. */
  readonly #recent = new Map<string, EpochMs>();
  /** Which life of the store this instance knows: one that lost everything has another. */
  #epoch: string | undefined;
  #away = true;

  constructor(options: MadeMeetingsOptions) {
    this.#options = options;
    options.hints.on(CHANGED, (meeting) => void this.#ask(() => this.#fetch(meeting)));
  }

  create(meeting: string, value: string, until: EpochMs): Promise<boolean | 'away'> {
    return this.#put('create', meeting, { value, until });
  }

  update(meeting: string, value: string, until: EpochMs): Promise<boolean | 'away'> {
    return this.#put('update', meeting, { value, until });
  }

  remove(meeting: string): Promise<boolean | 'away'> {
    return this.#put('remove', meeting, undefined);
  }

  async read(meeting: string): Promise<string | undefined> {
    const found = await this.#ask(() => this.#fetch(meeting));
    return this.#valid(found === 'away' ? this.#known.get(meeting) : found);
  }

  async list(): Promise<readonly { readonly meeting: string; readonly value: string }[]> {
    const read = await this.#ask(() => this.#readAll());
    const all = read === 'away' ? this.#known : read;
    return [...all].flatMap(([meeting, made]) => {
      const value = this.#valid(made);
      return value === undefined ? [] : [{ meeting, value }];
    });
  }

  goAway(): void {
    this.#away = true;
  }

  /** What the store has lost is given back to it, and all is read. Rejects when Redis is away. */
  async comeBack(): Promise<void> {
    const { link, keys } = this.#options;
    await link.run((client) => client.set(keys.meetingsEpoch, randomBytes(8).toString('hex'), 'NX'));
    const epoch = (await link.run((client) => client.get(keys.meetingsEpoch))) ?? undefined;
    if (this.#epoch !== undefined && epoch !== this.#epoch) await this.#giveBack([...this.#known.keys()], 'create');
    this.#epoch = epoch;
    const since = this.#options.clock.now() - RECENT_MS;
    const recent = [...this.#recent].filter(([, at]) => at >= since).map(([meeting]) => meeting);
    await this.#giveBack(recent, 'put');
    const all = await this.#readAll();
    this.#known.clear();
    for (const [meeting, made] of all) this.#know(meeting, made);
    this.#away = false;
  }

  async #put(action: 'create' | 'update' | 'remove', meeting: string, made: Made | undefined): Promise<boolean | 'away'> {
    const done = await this.#ask(() => this.#send(action, meeting, made));
    if (done !== true) return done;
    this.#know(meeting, made);
    const now = this.#options.clock.now();
    this.#recent.delete(meeting);
    this.#recent.set(meeting, now);
    const [oldest] = this.#recent;
    if (oldest && (oldest[1] < now - RECENT_MS || this.#recent.size > MAX_KNOWN)) this.#recent.delete(oldest[0]);
    this.#options.hints.tell(CHANGED, meeting);
    return true;
  }

  async #giveBack(meetings: readonly string[], action: 'create' | 'put'): Promise<void> {
    for (let at = 0; at < meetings.length; at += BATCH) {
      const send = (meeting: string) => {
        const made = this.#known.get(meeting);
        return this.#send(made ? action : 'remove', meeting, made);
      };
      await Promise.all(meetings.slice(at, at + BATCH).map(send));
    }
  }

  async #send(action: string, meeting: string, made: Made | undefined): Promise<boolean> {
    const { link, keys, clock } = this.#options;
    const args = [keys.meetings, keys.meetingDeadlines, action, clock.now(), meeting, made?.until ?? 0, made?.value ?? ''];
    return (await link.run((client) => client.putMeeting(...args))) === 1;
  }

  async #fetch(meeting: string): Promise<Made | undefined> {
    const { link, keys } = this.#options;
    const stored = await link.run((client) => client.hget(keys.meetings, meeting));
    const made = stored ? madeIn(stored) : undefined;
    this.#know(meeting, made);
    return made;
  }

  async #readAll(): Promise<Map<string, Made>> {
    const { link, keys } = this.#options;
    const all = new Map<string, Made>();
    let cursor = '0';
    do {
      const [next, entries] = await link.run((client) => client.hscan(keys.meetings, cursor, 'COUNT', SCAN));
      for (let at = 0; at < entries.length; at += 2) all.set(entries[at] ?? '', madeIn(entries[at + 1] ?? ''));
      cursor = next;
    } while (cursor !== '0');
    return all;
  }

  #know(meeting: string, made: Made | undefined): void {
    if (this.#valid(made) === undefined) this.#known.delete(meeting);
    else if (made && (this.#known.size < MAX_KNOWN || this.#known.has(meeting))) this.#known.set(meeting, made);
  }

  #valid(made: Made | undefined): string | undefined {
    return made && made.until > this.#options.clock.now() ? made.value : undefined;
  }

  async #ask<T>(question: () => Promise<T>): Promise<T | 'away'> {
    if (this.#away) return 'away';
    try {
      return await question();
    } catch (error) {
      if (error instanceof AwayError) return 'away';
      throw error;
    }
  }
}

function madeIn(stored: string): Made {
  const at = stored.indexOf('\t');
  return { until: Number(stored.slice(0, at)), value: stored.slice(at + 1) };
}
