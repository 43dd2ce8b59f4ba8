import type { Clock, EpochMs } from '../../../clock.js';
import type { EndpointStore } from '../../../state/endpoint-store.js';
import type { HintStore, MemberStore } from '../../../state/member-store.js';
import type { Endpoint } from './endpoint.js';
import { type EndpointState, readEndpoint, writeEndpoint } from './endpoint-json.js';

export interface EndpointSharingOptions {
  readonly store: EndpointStore;
  readonly hints: HintStore;
  readonly members: MemberStore;
  readonly clock: Clock;
  /** An endpoint of this instance is another's now. */
  readonly onMoved: (id: string) => void;
  /** Somebody at another instance wants an alias of this endpoint, which is perhaps here. */
  readonly onDoubted: (id: string) => void;
}

export interface Found {
  /** Undefined: a version that is not known here wrote it. */
  readonly state: EndpointState | undefined;
  /** No living instance has it. */
  readonly isLost: boolean;
}

/** `unknown`: no instance knows it. `busy`: so much else is being asked that this was not. `away`: the store cannot be asked. */
export type Look = Found | 'unknown' | 'busy' | 'away';

/** Identifiers looked up at the same moment: of all, and for one IP address, behind which there may be a hundred endpoints. */
const MAX_UNDERWAY = 1000;
const MAX_UNDERWAY_PER_SOURCE = 100;
/** What nobody knows is not asked again for so long, however often it comes; two generations of so many at most. */
const UNKNOWN_MS = 3000;
const MAX_UNKNOWN = 20_000;
/** As `Endpoints` makes them. */
const IDENTIFIER = /^[A-Za-z0-9_-]{24}$/;
const DOUBT = 'endpointDoubted';
/** Endpoints that others are told to ask, each once in so long: an answer takes longer, and there are hints that matter more. */
const DOUBT_MS = 2000;
const MAX_DOUBTED = 200;

/** The endpoints of the other instances: what is told to them, and what is asked of them when one of theirs turns to us. */
export class EndpointSharing {
  readonly #store: EndpointStore;
  readonly #hints: HintStore;
  readonly #members: MemberStore;
  readonly #clock: Clock;
  readonly #stops: readonly (() => void)[];
  readonly #underway = new Map<string, number>();
  #lookups = 0;
  /** Identifier and address: a stranger who names an endpoint's must not shut the endpoint out. */
  #unknown = new Set<string>();
  #unknownBefore = new Set<string>();
  #since: EpochMs = 0;
  readonly #doubted = new Set<string>();
  #doubtedSince: EpochMs = 0;

  constructor({ store, hints, members, clock, onMoved, onDoubted }: EndpointSharingOptions) {
    this.#store = store;
    this.#hints = hints;
    this.#members = members;
    this.#clock = clock;
    this.#stops = [store.onMoved(onMoved), hints.on(DOUBT, onDoubted)];
  }

  /** Tells the others of an endpoint of ours, or of news in it. */
  tell(endpoint: Endpoint): void {
    this.#store.put(endpoint.id, writeEndpoint(endpoint), endpoint.expiresAt);
  }

  /** False: another instance has it, and its aliases are not ours to take away. */
  remove(id: string): Promise<boolean> {
    return this.#store.remove(id);
  }

  /** Somebody else wants an alias of an endpoint that is not here: whoever has it is to ask it whether it is there. */
  doubt(id: string): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#doubtedSince) >= DOUBT_MS) {
      this.#doubted.clear();
      this.#doubtedSince = now;
    }
    if (this.#doubted.has(id) || this.#doubted.size >= MAX_DOUBTED) return;
    this.#doubted.add(id);
    this.#hints.tell(DOUBT, id);
  }

  /** What is known of an endpoint. */
  async read(id: string): Promise<Found | 'unknown' | 'away'> {
    const shared = await this.#store.read(id);
    if (shared === undefined) return 'unknown';
    if (shared === 'away') return shared;
    const isLost = !this.#members.others().some((member) => member.id === shared.owner);
    return { state: readEndpoint(id, shared.value), isLost };
  }

  /**
   * The same for somebody at this IP address who says that it is this endpoint, or wants what it has: bounded, whatever strangers send.
   * `isProven`: it is known who asks, and no stranger's earlier question stands in the way.
   */
  async look(id: string, source: string, isProven: boolean): Promise<Look> {
    if (!IDENTIFIER.test(id) || (!isProven && this.isUnknown(id, source))) return 'unknown';
    const underway = this.#underway.get(source) ?? 0;
    if (this.#lookups >= MAX_UNDERWAY || underway >= MAX_UNDERWAY_PER_SOURCE) return 'busy';
    this.#lookups += 1;
    this.#underway.set(source, underway + 1);
    try {
      const found = await this.read(id);
      if (found === 'unknown') this.#forbid(id, source);
      return found;
    } finally {
      this.#lookups -= 1;
      const left = (this.#underway.get(source) ?? 1) - 1;
      if (left > 0) this.#underway.set(source, left);
      else this.#underway.delete(source);
    }
  }

  /** Its own from now on; undefined: it is gone, or the store is away. */
  async take(id: string): Promise<EndpointState | undefined> {
    const text = await this.#store.take(id);
    return text === undefined ? undefined : readEndpoint(id, text);
  }

  /** Nobody knows it: for a while it is not looked up again for whoever is there. */
  #forbid(id: string, source: string): void {
    this.#turn();
    if (this.#unknown.size >= MAX_UNKNOWN) this.#next();
    this.#unknown.add(`${id} ${source}`);
  }

  isUnknown(id: string, source: string): boolean {
    this.#turn();
    const key = `${id} ${source}`;
    return this.#unknown.has(key) || this.#unknownBefore.has(key);
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #turn(): void {
    const age = this.#clock.now() - this.#since;
    if (age >= 0 && age < UNKNOWN_MS) return;
    this.#next();
    if (age < 0 || age >= 2 * UNKNOWN_MS) this.#unknownBefore = new Set();
  }

  #next(): void {
    this.#unknownBefore = this.#unknown;
    this.#unknown = new Set();
    this.#since = this.#clock.now();
  }
}
