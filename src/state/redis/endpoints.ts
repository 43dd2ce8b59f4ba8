import type { Clock, EpochMs } from '../../clock.js';
import type { EndpointStore, SharedEndpoint } from '../endpoint-store.js';
import type { HintStore } from '../member-store.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';
import { Outbox } from './outbox.js';

export interface EndpointsOptions {
  readonly owner: string;
  readonly link: Link;
  readonly keys: Keys;
  readonly clock: Clock;
  /** By which others say what they took. */
  readonly hints: HintStore;
}

interface Own {
  value: string;
  forgetAt: EpochMs;
}

const BATCH = 200;
const FORGET_AFTER_MS = 60_000;
const MOVED = 'moved';

/** H.323 endpoints of all instances on Redis. */
export class SharedEndpoints implements EndpointStore {
  readonly #options: EndpointsOptions;
  readonly #own = new Map<string, Own>();
  readonly #news = new Set<string>();
  readonly #outbox = new Outbox(() => this.#send());
  readonly #listeners = new Set<(id: string) => void>();
  #away = true;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    options.hints.on(MOVED, (id) => void this.#heardOf(id));
  }

  put(id: string, value: string, expiresAt: EpochMs): void {
    const forgetAt = expiresAt + FORGET_AFTER_MS;
    const own = this.#own.get(id);
    if (own) {
      own.value = value;
      own.forgetAt = forgetAt;
    } else this.#own.set(id, { value, forgetAt });
    this.#news.add(id);
    this.#outbox.soon();
  }

  async remove(id: string): Promise<boolean> {
    const wasOwn = this.#own.delete(id);
    this.#news.delete(id);
    const { link, owner } = this.#options;
    if (this.#away) return wasOwn;
    try {
      return (await link.run((client) => client.moveEndpoint(...this.#keys(), owner, id, 'remove'))) === 1;
    } catch (error) {
      // Forgotten when its time is up.
      if (error instanceof AwayError) return wasOwn;
      throw error;
    }
  }

  async take(id: string): Promise<string | undefined> {
    const { link, owner, hints } = this.#options;
    const reply = await this.#ask(() => link.run((client) => client.moveEndpoint(...this.#keys(), owner, id, 'take')));
    const [before, value] = (reply === 'away' ? [] : reply) as string[];
    if (before === undefined || value === undefined) return undefined;
    if (before !== owner) hints.tell(MOVED, id);
    return value;
  }

  async read(id: string): Promise<SharedEndpoint | 'away' | undefined> {
    const { link, keys } = this.#options;
    const stored = await this.#ask(() => link.run((client) => client.hget(keys.endpoints, id)));
    if (!stored) return undefined;
    if (stored === 'away') return stored;
    return { owner: ownerIn(stored), value: stored.slice(stored.indexOf('\t') + 1) };
  }

  onMoved(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  goAway(): void {
    this.#away = true;
  }

  /**
   * What the store has forgotten meanwhile is told anew, and so is what happened. An endpoint that another instance has, too, as it went from
   * one to the other meanwhile, stays with the one that heard of it last. Rejects when Redis is away.
   */
  async comeBack(): Promise<void> {
    const { link, keys, owner } = this.#options;
    const ids = [...this.#own.keys()];
    for (let at = 0; at < ids.length; at += BATCH) {
      const some = ids.slice(at, at + BATCH);
      const values = await link.run((client) => client.hmget(keys.endpoints, ...some));
      const disputed: string[] = [];
      for (const [place, id] of some.entries()) {
        const value = values[place];
        if (!value) this.#news.add(id);
        else if (ownerIn(value) !== owner) disputed.push(id);
      }
      await Promise.all(disputed.map((id) => this.#dispute(id)));
    }
    this.#away = false;
    this.#outbox.soon();
  }

  close(): void {
    this.#outbox.close();
  }

  async #send(): Promise<boolean> {
    if (this.#away || this.#news.size === 0) return false;
    const { link, owner, clock } = this.#options;
    const args: (string | number)[] = [];
    const ids: string[] = [];
    for (const id of this.#news) {
      this.#news.delete(id);
      const own = this.#own.get(id);
      if (own) args.push(id, own.value, own.forgetAt);
      if (ids.push(id) === BATCH) break;
    }
    try {
      const moved = await link.run((client) => client.putEndpoints(...this.#keys(), owner, clock.now(), ...args));
      for (const id of moved as string[]) this.#moved(id);
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      for (const id of ids) if (this.#own.has(id)) this.#news.add(id);
      return false;
    }
    return this.#news.size > 0;
  }

  /** It may have come back to this instance before the hint did. */
  async #heardOf(id: string): Promise<void> {
    if (!this.#own.has(id)) return;
    const { link, keys, owner } = this.#options;
    const stored = await this.#ask(() => link.run((client) => client.hget(keys.endpoints, id)));
    if (stored && stored !== 'away' && ownerIn(stored) !== owner) this.#moved(id);
  }

  async #dispute(id: string): Promise<void> {
    const own = this.#own.get(id);
    if (!own) return;
    const { link, owner } = this.#options;
    const keep = [owner, id, 'keep', own.value, own.forgetAt] as const;
    // The other one hears of it with its own next news.
    if ((await link.run((client) => client.moveEndpoint(...this.#keys(), ...keep))) !== 1) this.#moved(id);
  }

  #moved(id: string): void {
    this.#news.delete(id);
    if (!this.#own.delete(id)) return;
    for (const listener of this.#listeners) listener(id);
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

  #keys(): readonly [string, string] {
    const { endpoints, endpointDeadlines } = this.#options.keys;
    return [endpoints, endpointDeadlines];
  }
}

function ownerIn(stored: string): string {
  return stored.slice(0, stored.indexOf('\t'));
}
