import type { HintStore, MemberId } from '../member-store.js';
import { type Client, cut } from './connection.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';
import { Outbox } from './outbox.js';

export interface HintsOptions {
  readonly owner: MemberId;
  readonly link: Link;
  readonly keys: Keys;
  readonly connect: () => Client;
}

type Hint = readonly [kind: string, value: string];
type Listener = (value: string, from: MemberId) => void;

/** Beyond so many that wait, hints are dropped. */
const MAX_WAITING = 2000;
const BATCH = 200;
/** Entries that the stream keeps, about. */
const MAX_STREAM = 10_000;
const BLOCK_MS = 1000;
/** Who starts hears what was told in the last minute. */
const HEARSAY_MS = 60_000;
const RETRY_MS = 500;
/** So often the reading fails in a row: then the connection is begun anew. */
const TRIES = 4;

/** Hints between instances, by a stream of their own: nobody waits for one, and one that is lost is only a moment longer not known. */
export class SharedHints implements HintStore {
  readonly #options: HintsOptions;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #outbox = new Outbox(() => this.#send());
  #waiting: Hint[] = [];
  #position: string | undefined;
  #reader: Client | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: HintsOptions) {
    this.#options = options;
  }

  tell(kind: string, value: string): void {
    // While Redis is away nobody collects them.
    if (this.#reader === undefined || this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push([kind, value]);
    this.#outbox.soon();
  }

  on(kind: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Redis is there: from now on the others are heard. */
  comeBack(): void {
    if (this.#closed || this.#reader) return;
    const reader = this.#options.connect();
    this.#reader = reader;
    void this.#follow(reader);
  }

  goAway(): void {
    this.#waiting = [];
    if (this.#reader) cut(this.#reader);
    this.#reader = undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#outbox.close();
    this.goAway();
  }

  async #send(): Promise<boolean> {
    const { link, keys, owner } = this.#options;
    const some = this.#waiting.splice(0, BATCH);
    if (some.length === 0) return false;
    const add = ([kind, value]: Hint) =>
      link.run((client) => client.xadd(keys.hints, 'MAXLEN', '~', MAX_STREAM, '*', 'o', owner, 'k', kind, 'v', value));
    try {
      await Promise.all(some.map(add));
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      return false;
    }
    return this.#waiting.length > 0;
  }

  async #follow(reader: Client): Promise<void> {
    await this.#ready(reader);
    let failures = 0;
    while (this.#reader === reader) {
      try {
        this.#position ??= `${Date.now() - HEARSAY_MS}-0`;
        const reply = await reader.xread('COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', this.#options.keys.hints, this.#position);
        for (const [id, [, owner = '', , kind = '', , value = '']] of reply?.[0]?.[1] ?? []) {
          this.#position = id;
          if (owner !== this.#options.owner) this.#hear(kind, value, owner);
        }
        failures = 0;
      } catch {
        // The connection is not there yet, or broke: it opens itself again, and what was missed is read then.
        failures += 1;
        if (this.#reader === reader) await this.#wait();
        if (this.#reader === reader && failures >= TRIES) {
          this.goAway();
          this.comeBack();
        }
      }
    }
  }

  #hear(kind: string, value: string, from: MemberId): void {
    for (const listener of this.#listeners.get(kind) ?? []) listener(value, from);
  }

  /** For a moment at most: the loop can wait as well. */
  async #ready(reader: Client): Promise<void> {
    if (reader.status === 'ready') return;
    await Promise.race([new Promise((resolve) => reader.once('ready', resolve)), this.#wait()]);
    clearTimeout(this.#pause);
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#pause = setTimeout(resolve, RETRY_MS).unref();
    });
  }
}
