import type { Clock, EpochMs } from '../../../clock.js';
import type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from './dns.js';

/** For answers that come without a TTL: node:dns tells none for SRV and NAPTR. */
const DEFAULT_TTL_SECONDS = 60;
const MAX_TTL_SECONDS = 3600;
/** For what does not exist (RFC 2308 leaves the time to us, as the SOA is not told). */
const NEGATIVE_TTL_SECONDS = 30;
/** For servers that fail: long enough that a busy minute does not hammer them. */
const FAILURE_TTL_SECONDS = 5;

interface Entry {
  readonly until: EpochMs;
  readonly answer: DnsAnswer<unknown> | undefined;
  readonly failure: unknown;
}

type QueryType = keyof DnsResolver;

/** Remembers answers, empty answers and failures, each for its time. Asks once where many want to know the same. */
export class CachedDns implements DnsResolver {
  readonly #dns: DnsResolver;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #maxPending: number;
  /** In the order of their use: the first is the first to go. */
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Promise<DnsAnswer<unknown>>>();

  constructor(dns: DnsResolver, options: { clock: Clock; entries?: number; maxPending?: number }) {
    this.#dns = dns;
    this.#clock = options.clock;
    this.#limit = options.entries ?? 1000;
    this.#maxPending = options.maxPending ?? 256;
  }

  get size(): number {
    return this.#entries.size;
  }

  naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    return this.#ask('naptr', name, () => this.#dns.naptr(name));
  }

  srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    return this.#ask('srv', name, () => this.#dns.srv(name));
  }

  a(name: string): Promise<DnsAnswer<string>> {
    return this.#ask('a', name, () => this.#dns.a(name));
  }

  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#ask('aaaa', name, () => this.#dns.aaaa(name));
  }

  async #ask<R>(type: QueryType, name: string, query: () => Promise<DnsAnswer<R>>): Promise<DnsAnswer<R>> {
    const key = `${type} ${name.toLowerCase()}`;
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      if (entry.until > this.#clock.now()) {
        this.#entries.set(key, entry);
        // One key is asked by one method: what it stored has that method's type.
        if (entry.answer) return entry.answer as DnsAnswer<R>;
        throw entry.failure;
      }
    }
    const pending = this.#pending.get(key);
    if (pending) return pending as Promise<DnsAnswer<R>>;
    if (this.#pending.size >= this.#maxPending) throw new Error('too many DNS queries are waiting for an answer');
    const asked = query();
    this.#pending.set(key, asked);
    try {
      const answer = await asked;
      this.#store(key, { answer, failure: undefined, until: this.#clock.now() + 1000 * lifetime(answer) });
      return answer;
    } catch (failure) {
      this.#store(key, { answer: undefined, failure, until: this.#clock.now() + 1000 * FAILURE_TTL_SECONDS });
      throw failure;
    } finally {
      this.#pending.delete(key);
    }
  }

  #store(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
  }
}

function lifetime({ records, ttlSeconds }: DnsAnswer<unknown>): number {
  return records.length === 0 ? NEGATIVE_TTL_SECONDS : Math.min(ttlSeconds ?? DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS);
}
