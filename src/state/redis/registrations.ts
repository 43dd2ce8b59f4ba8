import type { Clock } from '../../clock.js';
import { type ChangeCause, type JudgedRefusal, judgeChange, judgeChanges, type Update } from '../../gatekeeper/registry/judge-change.js';
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
import { AliasTurns, type Turn } from './alias-turns.js';
import type { Step } from './change-feed.js';
import { ChangeQueue, type Verdict } from './change-queue.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';
import { Progress } from './progress.js';
import { learn, pushUpdate, updateOf } from './registration-update.js';
import { fromValue, lastDeadline, SharedRegistration, type Version, versionIn, versionOf } from './shared-registration.js';
import { inSlices } from './slices.js';

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
const HAND_ON = 500;
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
  readonly #progress = new Progress();
  /** Aliases changed here alone, and what the store had of them before. */
  readonly #owed = new Map<string, Version>();
  readonly #queue: ChangeQueue;

  constructor(options: RegistrationsOptions) {
    this.#options = options;
    const { link, clock, owner, maxStream } = options;
    const keys = this.#keys();
    this.#queue = new ChangeQueue({ link, head: () => [...keys, owner, clock.now(), maxStream] });
  }

  get index(): RegistrationIndex {
    return this.#registry;
  }

  /** The latest step that is known here. */
  get position(): Version {
    return this.#progress.position;
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

  /** The way nearly every change goes, without a step that it does not need; whatever is out of the ordinary goes `applyAll`'s way. */
  apply(change: RegistrationChange): Promise<RegistrationResult> {
    const turn = this.away ? undefined : this.#turns.takeFree(change.alias);
    if (!turn) return this.#applyOne(change);
    const { alias } = change;
    const before = this.#registry.stored(alias);
    const update = judgeChange(change, before, this.#options.clock.now());
    if (typeof update === 'string' || update.after === before) return this.#applyOne(change, turn);
    const { after, cause } = update;
    const args: string[] = [];
    pushUpdate(args, alias, before, after, update.needsLicence ? change.limits : undefined);
    return this.#queue.put(1, args).then(
      (verdict) => {
        if (typeof verdict !== 'number') return this.#applyOne(change, turn, verdict);
        if (verdict >= 0) this.#show(alias, after && new SharedRegistration(after, verdict), verdict, cause, false);
        turn.end();
        return verdict < 0 ? { ok: false, refusal: 'registrationLicencesExhausted' } : { ok: true, registration: after };
      },
      (error: unknown) => {
        if (error instanceof AwayError) return this.#applyOne(change, turn);
        turn.end();
        throw error;
      },
    );
  }

  async #applyOne(change: RegistrationChange, turn?: Turn, verdict?: readonly (number | string)[]): Promise<RegistrationResult> {
    const result = await this.#apply([change], turn ?? (await this.#turns.take([change.alias])), [change.alias], verdict);
    return result.ok ? { ok: true, registration: result.registrations[0] } : { ok: false, refusal: result.refusal };
  }

  async applyAll(changes: readonly RegistrationChange[]): Promise<RegistrationsResult> {
    if (changes.length === 0) return { ok: true, registrations: [] };
    const aliases = changes.length === 1 ? changes.map(({ alias }) => alias) : [...new Set(changes.map(({ alias }) => alias))];
    return this.#apply(changes, await this.#turns.take(aliases), aliases);
  }

  /** @param changed what the store said to a first try */
  async #apply(
    changes: readonly RegistrationChange[],
    turn: Turn,
    aliases: readonly string[],
    changed: readonly (number | string)[] = [],
  ): Promise<RegistrationsResult> {
    try {
      const judge: Decide = (stored, now) => judgeChanges(changes, stored, now);
      const shared = this.away ? undefined : await this.#write(aliases, judge, { changed });
      if (shared) return shared;
      for (const alias of aliases) this.#owe(alias);
      return this.#registry.applyAll(changes, this.#options.clock.now());
    } finally {
      turn.end();
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
  follow(step: Step): void {
    const { version, expired } = step;
    if (this.#progress.reach(version, step.size)) return;
    const changes = step.changes();
    for (let at = 0; at < changes.length; at += 2) {
      const alias = changes[at] ?? '';
      if (this.#progress.isKnown(alias, version) || this.#isOwn(alias)) continue;
      this.#put(alias, changes[at + 1] ?? '', expired ? 'expired' : 'removed');
    }
  }

  /** From here on the stream is followed; everything up to this step is known. */
  startAt(position: Version): void {
    this.#progress.startAt(position);
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
      this.#progress.know(alias, there);
    }
  }

  /**
   * What is here and not in the store. It was lost there when it came after `common`, the last step both had; otherwise somebody else
   * removed it.
   */
  async compareAbsent(seen: ReadonlySet<string>, common: Version): Promise<void> {
    await inSlices(this.#registry.list(), ({ alias }) => {
      if (seen.has(alias) || this.#owed.has(alias)) return;
      const here = this.#registry.stored(alias);
      // It ran out meanwhile.
      if (!here) return;
      const version = versionOf(here);
      if (version === 0 || version > common) this.#owed.set(alias, 0);
      else this.#registry.put(alias, undefined, 'removed');
    });
  }

  /** Hands on what was changed here alone, without asking for limits: nobody is locked out for what was granted. Rejects when Redis is away. `breathe` is waited for now and then. */
  async handOn(breathe: () => Promise<void>): Promise<void> {
    while (this.#owed.size > 0) {
      await breathe();
      const some: [string, Version][] = [];
      for (const owed of this.#owed) if (some.push(owed) === HAND_ON) break;
      const { link, keys } = this.#options;
      const theirs = await link.run((client) => client.hmget(keys.registrations, ...some.map(([alias]) => alias)));
      await Promise.all(some.map(([alias, base], at) => this.#handOnOne(alias, base, theirs[at] ?? '')));
    }
  }

  async #handOnOne(alias: string, base: Version, value: string): Promise<void> {
    const turn = await this.#turns.take([alias]);
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
      const result = await this.#write([alias], decide, { isHandingOn: true, changed: [1, value] });
      if (!result?.ok) throw new AwayError(result ? `Others change ${alias} all the time` : 'Redis went away again');
    } catch (error) {
      if (!this.#owed.has(alias)) this.#owed.set(alias, base);
      throw error;
    } finally {
      turn.end();
    }
  }

  async #dropFlowOf(alias: string, flow: string): Promise<number> {
    const turn = await this.#turns.take([alias]);
    try {
      let dropped = 0;
      const decide: Decide = (stored, now) => {
        const before = stored(alias);
        const kept = before ? withoutFlow(before.bindings, flow, isLost) : [];
        dropped = (before?.bindings.length ?? 0) - kept.length;
        // Nor is a value of a later schema ours to remove: none of its bindings can be read here.
        const after = dropped === 0 ? before : kept.length > 0 ? before?.with(kept) : undefined;
        return [updateOf(alias, before, after, now, 'flowClosed')];
      };
      const shared = this.away ? undefined : await this.#write([alias], decide);
      if (shared) return dropped;
      const before = this.#registry.stored(alias);
      if (!before) return 0;
      this.#owe(alias);
      const kept = withoutFlow(before.bindings, flow, isLost);
      if (kept.length === before.bindings.length) return 0;
      this.#registry.put(alias, kept.length > 0 ? unshared(before.with(kept)) : undefined, 'flowClosed');
      return before.bindings.length - kept.length;
    } finally {
      turn.end();
    }
  }

  /**
   * Judges, and has the store take it if it was judged on what is there; again if not. Undefined: Redis is away, and whether it was taken is
   * not known.
   */
  async #write(
    aliases: readonly string[],
    decide: Decide,
    { isHandingOn = false, changed = [] }: { readonly isHandingOn?: boolean; readonly changed?: readonly (number | string)[] } = {},
  ): Promise<RegistrationsResult | undefined> {
    const theirs = new Map<string, StoredRegistration | undefined>();
    // What one try is judged on, to its end: the stream may tell of something newer while it waits.
    const bases = new Map<string, StoredRegistration | undefined>();
    const stored = (alias: string) => {
      if (!bases.has(alias)) bases.set(alias, theirs.has(alias) ? theirs.get(alias) : this.#registry.stored(alias));
      return bases.get(alias);
    };
    learn(aliases, changed, theirs);
    try {
      for (let tries = 0; tries < TRIES; tries++) {
        bases.clear();
        const judged = decide(stored, this.#options.clock.now());
        if ('refusal' in judged) {
          // A refusal stands only if it was judged on what is there.
          if (!(await this.#ask(aliases, stored, theirs))) return judged;
          continue;
        }
        const last = judged.length === 1 ? judged : judged.filter(({ isLast }) => isLast);
        const verdict = await this.#send(judged, last, stored, isHandingOn);
        if (typeof verdict !== 'number') {
          learn(
            last.map(({ change }) => change.alias),
            verdict,
            theirs,
          );
        } else if (verdict >= 0) {
          this.#made(last, stored, verdict, isHandingOn);
          return { ok: true, registrations: judged.map(({ after }) => (after && after.bindings.length > 0 ? after : undefined)) };
        } else {
          return { ok: false, refusal: 'registrationLicencesExhausted', alias: last[-verdict - 1]?.change.alias ?? '' };
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
      theirs.set(alias, value === '' ? undefined : fromValue(alias, value));
    }
    return changed;
  }

  /** `last` is what is written; `judged` says whether it takes a licence, which an earlier change of the same alias may have done. */
  #send(
    judged: readonly Update[],
    last: readonly Update[],
    stored: (alias: string) => StoredRegistration | undefined,
    isHandingOn: boolean,
  ): Promise<Verdict> {
    const args: string[] = [];
    for (const { change, after } of last) {
      const taking = isHandingOn ? undefined : judged.find((update) => update.needsLicence && update.change.alias === change.alias);
      pushUpdate(args, change.alias, stored(change.alias), after, taking?.change.limits);
    }
    return this.#queue.put(last.length, args);
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
    if (version !== 0 && version <= this.#progress.position && !handingOn) return;
    this.#progress.knowOwn(alias, version);
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
