import type { Clock, EpochMs, Timer } from '../../../clock.js';
import type { CallPlace, CallStore } from '../../../state/call-store.js';
import type { CallDirectory, RasCall } from './call-directory.js';
import type { Endpoint } from './endpoint.js';

export interface CallsElsewhereOptions {
  /** Calls of this instance. */
  readonly here: CallDirectory;
  /** Absent: there are no others. */
  readonly store: CallStore | undefined;
  readonly clock: Clock;
  /** A call is over that this endpoint took part in: what it held can go. */
  readonly onOver: (callIdentifier: string, endpointId: string) => void;
  readonly onFault: (error: unknown) => void;
}

interface Elsewhere extends RasCall {
  endpoints: readonly string[];
  checkedAt: EpochMs;
  misses: number;
}

/** Calls remembered at most; of more the oldest is forgotten. */
const MAX_CALLS = 20_000;
const MAX_UNDERWAY = 500;
/** A Setup may reach the endpoint, and its ARQ us, before the news of the call does: it is asked for again after so long. */
const PAUSES_MS = [0, 30, 120, 400];
/** How often it is asked whether a call still is; and after how many times that nobody knows it, it is over. */
const CHECK_MS = 60_000;
const MISSES = 3;
const CHECKS_PER_TICK = 100;

/**
 * Calls that another instance leads to an endpoint of ours: the endpoint asks us by ARQ whether it may answer, and tells us by DRQ that it has
 * hung up. Call signalling, and with it the end of the call, goes between the endpoint and that instance.
 */
export class CallsElsewhere implements CallDirectory {
  readonly #options: CallsElsewhereOptions;
  /** Those that were looked at longest ago first. */
  readonly #calls = new Map<string, Elsewhere>();
  readonly #pauses = new Map<Timer, () => void>();
  #underway = 0;
  #closed = false;

  constructor(options: CallsElsewhereOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#calls.size;
  }

  find(callIdentifier: string): RasCall | undefined {
    return this.#options.here.find(callIdentifier) ?? this.#calls.get(callIdentifier);
  }

  mayBeElsewhere(callIdentifier: string): boolean {
    return this.#options.store !== undefined && this.#options.here.find(callIdentifier) === undefined;
  }

  /**
   * Looks whether another instance leads this call to an endpoint of ours; `find` finds it then. While the store is away nobody can tell, and
   * the endpoint is believed: no call between two instances could be answered otherwise.
   * False: too much else is being asked, and it was not looked.
   */
  async look(callIdentifier: string, endpoint: Pick<Endpoint, 'id' | 'aliases' | 'prefixes'>): Promise<boolean> {
    const { store } = this.#options;
    const known = this.#calls.get(callIdentifier);
    if (known?.endpoints.includes(endpoint.id) || !store) return true;
    if (this.#underway >= MAX_UNDERWAY) return false;
    this.#underway += 1;
    try {
      for (const pause of PAUSES_MS) {
        if (pause > 0) await this.#pause(pause);
        if (this.#closed || this.#options.here.find(callIdentifier)) return true;
        const place = await this.#find(store, callIdentifier);
        if (place !== 'away' && !leadsTo(place, endpoint)) continue;
        this.#put(callIdentifier, endpoint.id);
        return true;
      }
      return true;
    } finally {
      this.#underway -= 1;
    }
  }

  /** Asks whether those calls still are. To be called once a second. */
  expire(): void {
    const { clock, onFault } = this.#options;
    let budget = CHECKS_PER_TICK;
    for (const [callIdentifier, call] of this.#calls) {
      if (budget-- === 0 || call.checkedAt + CHECK_MS > clock.now()) return;
      this.#calls.delete(callIdentifier);
      call.checkedAt = clock.now();
      this.#calls.set(callIdentifier, call);
      this.#check(callIdentifier, call).catch(onFault);
    }
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#closed = true;
    for (const [timer, resume] of this.#pauses) {
      timer.cancel();
      resume();
    }
    this.#pauses.clear();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, () => {
        this.#pauses.delete(timer);
        resolve();
      });
      this.#pauses.set(timer, resolve);
    });
  }

  async #check(callIdentifier: string, call: Elsewhere): Promise<void> {
    const { store } = this.#options;
    const place = store && (await this.#find(store, callIdentifier));
    // Nobody can tell now: it is asked again.
    if (place === 'away') return;
    call.misses = place?.at === 'there' && isOverH323(place) ? 0 : call.misses + 1;
    if (call.misses >= MISSES && this.#calls.get(callIdentifier) === call) this.#forget(callIdentifier);
  }

  /** A call whose instance is silent is not to come over: here nobody could carry it on. */
  #find(store: CallStore, signallingId: string): Promise<CallPlace | 'away' | undefined> {
    return store.find({ signallingId, take: false });
  }

  #put(callIdentifier: string, endpointId: string): void {
    const known = this.#calls.get(callIdentifier);
    if (known) {
      if (!known.endpoints.includes(endpointId)) known.endpoints = [...known.endpoints, endpointId];
      return;
    }
    if (this.#calls.size >= MAX_CALLS) {
      const [oldest] = this.#calls.keys();
      if (oldest !== undefined) this.#forget(oldest);
    }
    const call: Elsewhere = {
      endpoints: [endpointId],
      checkedAt: this.#options.clock.now(),
      misses: 0,
      disengaged: (id) => {
        call.endpoints = call.endpoints.filter((one) => one !== id);
        if (call.endpoints.length === 0 && this.#calls.get(callIdentifier) === call) this.#calls.delete(callIdentifier);
      },
    };
    this.#calls.set(callIdentifier, call);
  }

  #forget(callIdentifier: string): void {
    const call = this.#calls.get(callIdentifier);
    this.#calls.delete(callIdentifier);
    for (const endpointId of call?.endpoints ?? []) this.#options.onOver(callIdentifier, endpointId);
  }
}

/** The callIdentifier is a name that callers make up: others may have used it as well, over SIP as their Call-ID. */
function leadsTo(place: CallPlace | undefined, { aliases, prefixes }: Pick<Endpoint, 'aliases' | 'prefixes'>): boolean {
  if (place?.at !== 'there' || !isOverH323(place)) return false;
  const alias = place.call.callee?.alias;
  return alias !== undefined && (aliases.includes(alias) || prefixes.some((prefix) => alias.startsWith(prefix)));
}

function isOverH323({ call }: CallPlace & { readonly at: 'there' }): boolean {
  return call.begun.caller.protocol === 'h323';
}
