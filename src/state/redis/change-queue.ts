import type { Client } from './connection.js';
import { AwayError, type Link } from './link.js';
import type { Version } from './shared-registration.js';

/**
 * What the store made of a change: the version of its step, or 0 when there was nothing to write; -i: the limits are in the way of its alias
 * i (from 1); a list: its aliases i have changed meanwhile, to what, as i and value in turn (an empty value: none is there).
 */
export type Verdict = Version | readonly (number | string)[];

/** What happens to one alias. `same`: nothing, but the version must be right. */
export type AliasAction = 'set' | 'delete' | 'same';

export interface ChangeQueueOptions {
  readonly link: Link;
  /** The keys and what else comes before the changes, as apply-registrations.lua has it. */
  readonly head: () => readonly (string | number)[];
}

interface Waiting {
  readonly aliases: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
}

/** So many aliases go in one call, if a change has not more by itself: Redis has it done within half a millisecond. */
const MAX_ALIASES = 64;

/**
 * From one call to the next while changes keep coming. A change that comes alone does not wait.
 *
 * Measured (Node 20, 50 refreshes under way, `--cpu-prof`): with a command for each change 108 us went into sharing it, a third of them in
 * ioredis (Pipeline, Command, two promises and the reply of each), a seventh in the collector, a tenth in writing to the socket, and as much
 * again in reading its echo from the stream. All of these are paid by the call; what is left for each change is its value and its place in
 * the index. Nobody waits for a REGISTER so closely that 5 ms matter: SIP sends it again after 500.
 */
const GATHER_MS = 5;

/**
 * Changes on their way to the store: those that come within a short time go in one call of the script. Each has its own verdict. No two of
 * the changes under way may name the same alias.
 */
export class ChangeQueue {
  readonly #options: ChangeQueueOptions;
  #args: string[] = [];
  #waiting: Waiting[] = [];
  #aliases = 0;
  #isDue = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChangeQueueOptions) {
    this.#options = options;
  }

  /**
   * Rejects with an `AwayError` when Redis does not answer; whether it was done is not known then.
   * @param args of its aliases, by `pushAlias`
   */
  put(aliases: number, args: readonly string[]): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#aliases > 0 && this.#aliases + aliases > MAX_ALIASES) this.#send();
      for (const arg of args) this.#args.push(arg);
      this.#waiting.push({ aliases, resolve, reject });
      this.#aliases += aliases;
      if (this.#aliases >= MAX_ALIASES) this.#send();
      else if (!this.#isDue) this.#sendSoon();
    });
  }

  /** Real time, whatever the store's clock is: this is about the load of this process. */
  #sendSoon(): void {
    this.#isDue = true;
    const send = () => {
      this.#isDue = false;
      this.#send();
    };
    const wait = this.#sentAt + GATHER_MS - performance.now();
    // Datagrams that came with this one are looked at first.
    if (wait <= 0) setImmediate(send);
    else setTimeout(send, wait);
  }

  #send(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    const args = [...this.#options.head(), waiting.map(({ aliases }) => aliases).join(' '), ...this.#args];
    this.#args = [];
    this.#waiting = [];
    this.#aliases = 0;
    this.#sentAt = performance.now();
    this.#options.link
      .run((client: Client) => client.applyRegistrations(...args))
      .then(
        (reply) => settle(waiting, reply),
        (error: Error) => {
          for (const { reject } of waiting) reject(error);
        },
      );
  }
}

/** Adds what apply-registrations.lua wants to know of one alias. */
export function pushAlias(
  args: string[],
  alias: string,
  before: Version,
  action: AliasAction,
  value: string,
  deadline: number,
  limits: { readonly organisation: number; readonly total: number } | undefined,
): void {
  const head = `${before} ${action} ${deadline}`;
  args.push(alias, limits ? `${head} ${limits.organisation} ${limits.total}` : head, value);
}

function settle(waiting: readonly Waiting[], reply: unknown): void {
  for (const [at, { resolve, reject }] of waiting.entries()) {
    const verdict: unknown = Array.isArray(reply) ? reply[at] : undefined;
    if (typeof verdict === 'number' || Array.isArray(verdict)) resolve(verdict);
    else reject(new AwayError('Redis answered a change with something else'));
  }
}
