import type { Clock } from '../../clock.js';
import { type ChangeCause, type JudgedRefusal, judgeChanges, type Update } from '../../gatekeeper/registry/judge-change.js';
import type {
  Registration,
  RegistrationChange,
  RegistrationIndex,
  RegistrationResult,
  RegistrationsResult,
} from '../../gatekeeper/registry/registration.js';
import { type RegistrationListener, Registry, withoutFlow } from '../../gatekeeper/registry/registry.js';
import type { StoredRegistration } from '../../gatekeeper/registry/stored-registration.js';
import type { RegistrationStore } from '../store.js';
import { AliasTurns } from './alias-turns.js';
import type { Step } from './change-feed.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';
import { fromValue, lastDeadline, SharedRegistration, toValue, type Version, versionIn, versionOf } from './shared-registration.js';

export interface RegistrationsOptions {
  readonly clock: Clock;
  readonly owner: string;
  readonly link: Link;
  readonly keys: Keys;
  /** Entries that the stream of changes keeps, about. */
  readonly maxStream: number;
}

/** Somebody else was faster: so often a change is tried on what is there then. With 16 instances at one alias none is left out. */
const TRIES = 64;
/** Taken away by one step of the store; a script must end soon. */
const SWEEP = 500;
/** Changes handed on at the same time after Redis was away. */
const HAND_ON = 200;
/** Removals that are remembered while Redis is away; what is beyond comes back until its time is up. */
const MAX_OWED = 200_000;

/** No version is this one. */
const UNKNOWN: Version = -1;

/** An alias that has to become something, given what it is now. `update.after === stored`: nothing. */
type Decide = (stored: (alias: string) => StoredRegistration | undefined, now: number) => Update[] | JudgedRefusal;

/**
 * Registrations that instances share. Each has all of them in a `Registry` of its own, so that resolving a call reads no network.
 *
 * A change is judged here, by the same rules as in memory, on what this instance knows; the store takes it only if that was still right
 * (compare and set by version), counts it against the limits in the same step, and otherwise says what is there now. So the rules stand in
 * one place, and the common case is one round trip. What others change comes by the stream (`change-feed.ts`).
 */
export class SharedRegistrations implements RegistrationStore {
  /** Redis is away: changes are made here alone, and handed on later. */
  away = true;
  readonly #options: RegistrationsOptions;
  readonly #registry = new Registry();
  readonly #turns = new AliasTurns();
  /** Aliases that are here as a later step left them than the stream has told of: until it does. */
  readonly #ahead = new Map<string, Version>();
  /** Aliases changed here alone, and what the store had of them before. */
  readonly #owed = new Map<string, Version>();
  #position: Version = 0;

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  get index(): RegistrationIndex {
    return this.#registry;
  }

  /** The latest step that is known here. */
  get position(): Version {
    return this.#position;
  }

  /** Aliases that the store has yet to hear of. */
  get owed(): number {
    return this.#owed.size;
  }

  all(): Iterable<Registration> {
    return this.#registry.values();
  }

  count(organisation?: string): number {
    return organisation === undefined ? this.#registry.size : this.#registry.count(organisation);
  }

  onChange(listener: RegistrationListener): () => void {
    return this.#registry.onChange(listener);
  }

  async apply(change: RegistrationChange): Promise<RegistrationResult> {
    const result = await this.applyAll([change]);
    return result.ok ? { ok: true, registration: result.registrations[0] } : { ok: false, refusal: result.refusal };
  }

  async applyAll(changes: readonly RegistrationChange[]): Promise<RegistrationsResult> {
    if (changes.length === 0) return { ok: true, registrations: [] };
    const aliases = changes.length === 1 ? changes.map(({ alias }) => alias) : [...new Set(changes.map(({ alias }) => alias))];
    const done = await this.#turns.take(aliases);
    try {
      const judge: Decide = (stored, now) => judgeChanges(changes, stored, now);
      const shared = this.away ? undefined : await this.#write(aliases, judge, true);
      if (shared) return shared;
      for (const alias of aliases) this.#owe(alias);
      return this.#registry.applyAll(changes, this.#options.clock.now());
    } finally {
      done();
    }
  }

  async dropFlow(flow: string): Promise<number> {
    const dropped = await Promise.all(this.#registry.aliasesOf(flow).map((alias) => this.#dropFlowOf(alias, flow)));
    return dropped.reduce((sum, one) => sum + one, 0);
  }

  /** Hides what ran out. Returns whether there is more. */
  expire(): boolean {
    return this.#registry.expire(this.#options.clock.now());
  }

  /** Takes away from the store what ran out: each instance does it, and one of them is first. */
  async sweep(): Promise<void> {
    const { link, owner, clock, maxStream } = this.#options;
    const keys = this.#keys();
    for (let more = true; more; ) {
      const swept = await link.run((client) => client.sweepRegistrations(...keys, owner, clock.now(), maxStream, SWEEP));
      more = swept === SWEEP;
    }
  }

  /** A step that the stream tells of. */
  follow({ version, expired, changes }: Step): void {
    this.#position = version;
    for (let at = 0; at < changes.length; at += 2) {
      const alias = changes[at] ?? '';
      const ahead = this.#ahead.get(alias);
      if (ahead !== undefined) {
        if (ahead <= version) this.#ahead.delete(alias);
        if (ahead >= version) continue;
      }
      if (!this.#isOwn(alias)) this.#put(alias, changes[at + 1] ?? '', expired ? 'expired' : 'removed');
    }
  }

  /** From here on the stream is followed; everything up to this step is known. */
  startAt(position: Version): void {
    this.#position = position;
    this.#ahead.clear();
  }

  /** What the store has, met while going through all of it. */
  compare(alias: string, value: string): void {
    if (this.#owed.has(alias)) return;
    const stored = this.#registry.stored(alias);
    const here = versionOf(stored);
    const there = versionIn(value);
    // Changed here alone when nothing more could be remembered.
    if (stored && here === 0) this.#owed.set(alias, UNKNOWN);
    else if (here > there) this.#owed.set(alias, there);
    else if (here < there) {
      this.#put(alias, value, 'removed');
      if (there > this.#position) this.#ahead.set(alias, there);
    }
  }

  /**
   * What is here and not in the store. It was lost there when it came after `common`, the last step both had; otherwise somebody else
   * removed it.
   */
  compareAbsent(seen: ReadonlySet<string>, common: Version): void {
    const absent = [...this.#registry.values()].filter(({ alias }) => !seen.has(alias));
    for (const { alias } of absent) {
      if (this.#owed.has(alias)) continue;
      const version = versionOf(this.#registry.stored(alias));
      if (version === 0 || version > common) this.#owed.set(alias, 0);
      else this.#registry.put(alias, undefined, 'removed');
    }
  }

  /** Hands on what was changed here alone, without asking for limits: nobody is locked out for what was granted. Rejects when Redis is away. */
  async handOn(): Promise<void> {
    while (this.#owed.size > 0) {
      const some = [...this.#owed].slice(0, HAND_ON);
      await Promise.all(some.map(([alias, base]) => this.#handOnOne(alias, base)));
    }
  }

  async #handOnOne(alias: string, base: Version): Promise<void> {
    const done = await this.#turns.take([alias]);
    try {
      // From now on a change made here is owed anew.
      this.#owed.delete(alias);
      const decide: Decide = (stored, now) => {
        const theirs = stored(alias);
        const ours = this.#registry.stored(alias);
        const isUnchanged = versionOf(theirs) === base;
        // Of two states that were made apart the one refreshed last stands: it is nearer to what the endpoint does now.
        const after = ours ? (theirs && !isUnchanged && lastDeadline(theirs) > lastDeadline(ours) ? theirs : ours) : undefined;
        return [updateOf(alias, theirs, isUnchanged || ours ? after : theirs, now)];
      };
      const result = await this.#write([alias], decide, false, true);
      if (!result) throw new AwayError('Redis went away again');
    } catch (error) {
      if (!this.#owed.has(alias)) this.#owed.set(alias, base);
      throw error;
    } finally {
      done();
    }
  }

  async #dropFlowOf(alias: string, flow: string): Promise<number> {
    const done = await this.#turns.take([alias]);
    try {
      let dropped = 0;
      const decide: Decide = (stored, now) => {
        const before = stored(alias);
        const kept = before ? withoutFlow(before.bindings, flow, isLost) : [];
        dropped = (before?.bindings.length ?? 0) - kept.length;
        const after = before && kept.length > 0 ? (dropped === 0 ? before : before.with(kept)) : undefined;
        return [updateOf(alias, before, after, now, 'flowClosed')];
      };
      const shared = this.away ? undefined : await this.#write([alias], decide, true);
      if (shared) return dropped;
      const before = this.#registry.stored(alias);
      if (!before) return 0;
      this.#owe(alias);
      const kept = withoutFlow(before.bindings, flow, isLost);
      if (kept.length === before.bindings.length) return 0;
      this.#registry.put(alias, kept.length > 0 ? unshared(before.with(kept)) : undefined, 'flowClosed');
      return before.bindings.length - kept.length;
    } finally {
      done();
    }
  }

  /**
   * Judges, and has the store take it if it was judged on what is there; again if not. Undefined: Redis is away, and whether it was taken is
   * not known.
   * @param known begin with what is known here; otherwise with what the store says
   * @param handingOn limits are not looked at
   */
  async #write(aliases: readonly string[], decide: Decide, known: boolean, handingOn = false): Promise<RegistrationsResult | undefined> {
    const { link, clock } = this.#options;
    const theirs = new Map<string, StoredRegistration | undefined>();
    // What one try is judged on, to its end: the stream may tell of something newer while it waits.
    const bases = new Map<string, StoredRegistration | undefined>();
    const stored = (alias: string) => {
      if (!bases.has(alias)) bases.set(alias, theirs.has(alias) ? theirs.get(alias) : this.#registry.stored(alias));
      return bases.get(alias);
    };
    try {
      if (!known) await this.#ask(aliases, stored, theirs);
      for (let tries = 0; tries < TRIES; tries++) {
        bases.clear();
        const judged = decide(stored, clock.now());
        if ('refusal' in judged) {
          // A refusal stands only if it was judged on what is there.
          if (!(await this.#ask(aliases, stored, theirs))) return judged;
          continue;
        }
        const last = judged.length === 1 ? judged : judged.filter(({ isLast }) => isLast);
        const limits = (alias: string) => judged.find((update) => update.needsLicence && update.change.alias === alias)?.change.limits;
        const args = this.#arguments(last, stored, handingOn ? () => undefined : limits);
        const reply = (await link.run((client) => client.applyRegistrations(...args))) as (number | string)[];
        const [code] = reply;
        if (code === 1) {
          this.#made(last, stored, Number(reply[1]), handingOn);
          return { ok: true, registrations: judged.map(({ after }) => (after && after.bindings.length > 0 ? after : undefined)) };
        }
        if (code === 2)
          return { ok: false, refusal: 'registrationLicencesExhausted', alias: last[Number(reply[1]) - 1]?.change.alias ?? '' };
        for (let at = 1; at < reply.length; at += 2) {
          const alias = last[Number(reply[at]) - 1]?.change.alias;
          if (alias !== undefined) this.#learn(alias, String(reply[at + 1]), theirs);
        }
      }
      return { ok: false, refusal: 'registrationOutOfOrder', alias: aliases[0] ?? '' };
    } catch (error) {
      // The link has told the store; why is in its status.
      if (error instanceof AwayError) return undefined;
      throw error;
    }
  }

  /** What the store has of `aliases`. Returns whether any of it is other than what was judged on. */
  async #ask(
    aliases: readonly string[],
    stored: (alias: string) => StoredRegistration | undefined,
    theirs: Map<string, StoredRegistration | undefined>,
  ): Promise<boolean> {
    const { link, keys } = this.#options;
    const judged = aliases.map(stored);
    const values = await link.run((client) => client.hmget(keys.registrations, ...aliases));
    let changed = false;
    for (const [at, alias] of aliases.entries()) {
      const value = values[at] ?? '';
      const known = judged[at];
      const version = value === '' ? 0 : versionIn(value);
      if (version === versionOf(known) && (known !== undefined) === (value !== '')) {
        theirs.set(alias, known);
        continue;
      }
      changed = true;
      this.#learn(alias, value, theirs);
    }
    return changed;
  }

  /** The store has other than what is known here: the stream will tell, but this change cannot wait for it. */
  #learn(alias: string, value: string, theirs: Map<string, StoredRegistration | undefined>): void {
    theirs.set(alias, value === '' ? undefined : fromValue(alias, value));
  }

  #arguments(
    updates: readonly Update[],
    stored: (alias: string) => StoredRegistration | undefined,
    limitsOf: (alias: string) => RegistrationChange['limits'] | undefined,
  ): (string | number)[] {
    const { owner, clock, maxStream } = this.#options;
    const args: (string | number)[] = [...this.#keys(), owner, clock.now(), maxStream, updates.length];
    for (const { change, after } of updates) {
      const before = stored(change.alias);
      const action = after === before ? 'same' : after ? 'set' : 'delete';
      args.push(change.alias, versionOf(before), action);
      args.push(action === 'set' && after ? toValue(after) : '', action === 'set' && after ? lastDeadline(after) : 0);
      const limits = action === 'set' ? limitsOf(change.alias) : undefined;
      args.push(limits?.organisation ?? '', limits?.total ?? '');
    }
    return args;
  }

  /** The store has taken it: it shows here at once. */
  #made(updates: readonly Update[], stored: (alias: string) => StoredRegistration | undefined, version: Version, handingOn: boolean): void {
    for (const { change, after, cause } of updates) {
      const { alias } = change;
      const before = stored(alias);
      if (after === before) {
        // Nothing was changed, but what is there may be new to this instance.
        this.#show(alias, after, versionOf(after), 'refreshed', handingOn);
      } else {
        this.#show(alias, after && new SharedRegistration(after, version), version, cause, handingOn);
      }
    }
  }

  /** Unless the stream has told of something later already; while changes are handed on it tells nothing. */
  #show(alias: string, after: StoredRegistration | undefined, version: Version, cause: ChangeCause, handingOn: boolean): void {
    const isAhead = version > this.#position;
    if (version !== 0 && !isAhead && !handingOn) return;
    if (isAhead) this.#ahead.set(alias, version);
    if (after === undefined && this.#registry.stored(alias) === undefined) return;
    const live = after && lastDeadline(after) > this.#options.clock.now() ? after : undefined;
    this.#registry.put(alias, live, cause);
  }

  #put(alias: string, value: string, cause: ChangeCause): void {
    const before = this.#registry.stored(alias);
    const after = value === '' ? undefined : fromValue(alias, value);
    // Our own step, met again after a pause.
    if (after && versionOf(before) === after.version) return;
    if (after && lastDeadline(after) > this.#options.clock.now()) this.#registry.put(alias, after, before ? 'refreshed' : 'registered');
    else if (before) this.#registry.put(alias, undefined, after ? 'expired' : cause);
  }

  /** Changed here alone: what others say of it waits until it was handed on. */
  #isOwn(alias: string): boolean {
    if (this.#owed.has(alias)) return true;
    const stored = this.#registry.stored(alias);
    return stored !== undefined && versionOf(stored) === 0;
  }

  #owe(alias: string): void {
    if (this.#owed.has(alias) || this.#owed.size >= MAX_OWED) return;
    this.#owed.set(alias, versionOf(this.#registry.stored(alias)));
  }

  #keys(): readonly [string, string, string, string, string] {
    const { registrations, counts, deadlines, changes, version } = this.#options.keys;
    return [registrations, counts, deadlines, changes, version];
  }
}

const isLost = ({ regId }: { readonly regId: number }) => regId > 0;

/** As `Registry.applyAll` leaves it: the store has not seen this one. */
function unshared(registration: StoredRegistration): StoredRegistration {
  return new SharedRegistration(registration, 0);
}

function updateOf(
  alias: string,
  before: StoredRegistration | undefined,
  after: StoredRegistration | undefined,
  now: number,
  cause: ChangeCause = after ? 'refreshed' : 'removed',
): Update {
  const { organisation = '', zone = '', protocol = 'sip' } = after ?? before ?? {};
  const limits = { organisation: 0, total: 0 };
  const change = { alias, organisation, zone, protocol, callId: '', cseq: now, contacts: [], removeAll: false, limits };
  return { change, after, cause, needsLicence: false, isLast: true };
}
