import type { Clock } from '../../clock.js';
import type { OrganisationId } from '../../gatekeeper/plan/plan.js';
import type { PortLicenceResult, PortRequest } from '../meeting-store.js';
import type { CallLease, CallLicenceRequest, CallLicenceResult, LicenceRefusal, LicenceStore, OrganisationLimit } from '../store.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';

export interface LicencesOptions {
  readonly owner: string;
  readonly link: Link;
  readonly keys: Keys;
  readonly clock: Clock;
  /** An owner that was not heard of for so long is dead. */
  readonly deadMs: number;
  /** After Redis was away: within so long the others have said what they hold, too. */
  readonly graceMs: number;
  /** Finds out which calls and meetings were taken from this instance, and `forget`s what they hold. While it lasts none can be taken. */
  readonly reconcile: () => Promise<void>;
}

/** What one owner is told of all, by Redis' time. */
export interface Beat {
  readonly now: number;
  /** Owners by the time they are dead from, this one among them. */
  readonly deadFrom: ReadonlyMap<string, number>;
  /** What each says of itself. */
  readonly members: ReadonlyMap<string, string>;
}

/** So much of something that is limited: calls or meeting ports of an organisation, one at a time, or bandwidth of a zone. */
interface Amount {
  readonly id: string;
  readonly by: number;
}

interface Wanted extends Amount {
  readonly limit: number;
}

/** What is free at a beat is divided among the instances: this is what one of them may take when Redis goes away. */
interface Basis {
  readonly held: ReadonlyMap<string, number>;
  readonly used: ReadonlyMap<string, number>;
  readonly instances: number;
}

/** So long licences stay taken by calls of a dead instance that nobody here can read. */
const UNREADABLE_MS = 600_000;
/** All calls, where the others are those of an organisation. No organisation's id has such a character. */
const TOTAL = '*';

/**
 * Call licences that instances share. The store counts them for all, and for each owner, so that those of a dead one can go back; which call
 * has which licence only its owner knows.
 *
 * An owner has a term. Whatever it sent under an earlier one is refused: after a pause it says what it holds (`settle`), and nothing that is
 * still on its way can change that any more.
 */
export class SharedLicences implements LicenceStore {
  readonly #options: LicencesOptions;
  /** What this instance holds. */
  readonly #held = new Map<string, number>();
  /** What all instances hold, as the store said last. */
  #used = new Map<string, number>();
  #basis: Basis = { held: new Map(), used: new Map(), instances: 1 };
  #away = true;
  /** Until then not only the store has to agree, but the share as well: the store does not know yet what others granted without it. */
  #graceUntil = 0;
  #term = 0;
  #settling: Promise<void> | undefined;

  constructor(options: LicencesOptions) {
    this.#options = options;
  }

  async takeCall({ organisations, total }: CallLicenceRequest): Promise<CallLicenceResult> {
    const wanted = distinct(organisations);
    const full = await this.#exchange(1, total, wanted.map(oneOf), []);
    if (full !== undefined) return refusal(full);
    return { ok: true, lease: new SharedLease(this, names(wanted)) };
  }

  async changeBandwidth(zone: string, by: number, limit: number): Promise<boolean> {
    const id = bandwidthOf(zone);
    if (by > 0) return (await this.#exchange(0, 0, [{ id, by, limit }], [])) === undefined;
    if (by < 0) await this.#giveBack(0, [{ id, by: -by }]);
    return true;
  }

  bandwidthInUse(zone: string): number {
    return this.callsInUse(bandwidthOf(zone));
  }

  async takePort({ organisation: { id, limit }, total }: PortRequest): Promise<PortLicenceResult> {
    const taken = [portsOf(id), ALL_PORTS];
    const wanted = [
      { id: portsOf(id), by: 1, limit },
      { id: ALL_PORTS, by: 1, limit: total },
    ];
    const full = await this.#exchange(0, 0, wanted, []);
    if (full !== undefined) return { ok: false, exhausted: full === ALL_PORTS ? { kind: 'total' } : { kind: 'organisation', id } };
    let held = true;
    const release = async (): Promise<void> => {
      if (!held) return;
      held = false;
      await this.#giveBack(0, taken.map(one));
    };
    return { ok: true, lease: { release } };
  }

  portsInUse(organisation?: OrganisationId): number {
    return this.callsInUse(organisation === undefined ? ALL_PORTS : portsOf(organisation));
  }

  callsInUse(organisation: OrganisationId = TOTAL): number {
    if (!this.#away) return this.#used.get(organisation) ?? 0;
    const { used, held } = this.#basis;
    return (used.get(organisation) ?? 0) + (this.#held.get(organisation) ?? 0) - (held.get(organisation) ?? 0);
  }

  /** Redis was away a moment ago: the others may not be back yet. */
  get inGrace(): boolean {
    return this.#options.clock.now() < this.#graceUntil;
  }

  /** Which settlement this owner goes by. */
  get term(): number {
    return this.#term;
  }

  /** What a call holds that came over from another instance, as `SharedLease.licences`: the store counts it for this one already. */
  adopt(licences: readonly string[]): SharedLease {
    const organisations = licences.filter((name) => name !== TOTAL);
    const lease = new SharedLease(this, organisations);
    if (licences.length === 0) lease.detach();
    else this.#hold(1, organisations.map(one), []);
    return lease;
  }

  /** The licences of a call that went over to another instance: the store counts them there. */
  forget(lease: SharedLease): void {
    const held = lease.detach();
    if (!held) return;
    this.#hold(-1, [], held.map(one));
    // What went with it makes no room in this instance's share.
    const before = new Map(this.#basis.held);
    for (const id of [TOTAL, ...held]) before.set(id, (before.get(id) ?? 0) - 1);
    this.#basis = { ...this.#basis, held: before };
  }

  /** For a lease alone: takes some and gives others back, or nothing and the limit that was in the way. */
  async change(
    taken: readonly OrganisationLimit[],
    given: readonly OrganisationId[],
    isOver: () => boolean,
  ): Promise<LicenceRefusal | undefined> {
    const full = await this.#exchange(0, 0, taken.map(oneOf), given.map(one), isOver);
    return full === undefined ? undefined : refusal(full);
  }

  /** For a lease alone. */
  async giveBack(held: readonly OrganisationId[]): Promise<void> {
    await this.#giveBack(-1, held.map(one));
  }

  /** Redis is away: from now on licences come from this instance's share. */
  goAway(): void {
    this.#away = true;
  }

  /** Tells the store what is held, whatever it believed; from then on licences come from it again. Rejects when Redis is away. */
  settle(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settle(): Promise<void> {
    const { link, owner, deadMs, reconcile } = this.#options;
    await link.run((client) => client.rejoin(...this.#keys(owner), owner, deadMs));
    await reconcile();
    const term = ++this.#term;
    const held = [...this.#held].flat();
    const settled = await link.run((client) => client.settleLicences(...this.#keys(owner), owner, term, deadMs, ...held));
    const before = JSON.stringify(held);
    // Calls that began or ended here while that was on its way: under the old term, or while Redis counted as away. Or calls were taken
    // from this instance, as that took so long that it seemed dead.
    if (settled !== 1 || (this.#away && JSON.stringify([...this.#held].flat()) !== before)) await this.#settle();
    else if (this.#away) this.#comeBack();
  }

  #comeBack(): void {
    this.#away = false;
    // At the very start there was nothing before.
    if (this.#term > 1) this.#graceUntil = this.#options.clock.now() + this.#options.graceMs;
  }

  /**
   * Says that this instance lives, and learns what is in use and who else is there. Undefined: it had to settle first. Rejects when Redis
   * is away.
   * @param self what others are to know of this instance; '': nothing new
   */
  async beat(self: string): Promise<Beat | undefined> {
    const { link, owner, deadMs, keys } = this.#options;
    const reply = await link.run((client) => client.beat(...this.#keys(owner), keys.members, owner, this.#term, deadMs, self));
    const [now, owners, used, members] = reply as [number, string[], string[], string[]];
    if (now === -1) {
      await this.settle();
      return undefined;
    }
    this.#used = numbers(used);
    const deadFrom = numbers(owners);
    const alive = [...deadFrom.values()].filter((time) => time > now).length;
    if (!this.inGrace) this.#basis = { held: new Map(this.#held), used: new Map(this.#used), instances: Math.max(1, alive) };
    return { now, deadFrom, members: new Map(pairs(members)) };
  }

  /** What is left of an owner that is dead for so long goes; undefined: this instance leaves. Rejects when Redis is away. */
  async bury(owner: string, forMs: number | undefined): Promise<void> {
    const { link, keys } = this.#options;
    await link.run((client) => client.bury(...this.#keys(owner), keys.members, keys.callsOf(owner), owner, forMs ?? '', UNREADABLE_MS));
  }

  /**
   * Takes some and gives others back. What is in the way, or undefined: it is done.
   * @param isOver asked before each try: what it was for may be gone by then
   */
  async #exchange(
    calls: 1 | 0,
    total: number,
    taken: readonly Wanted[],
    given: readonly Amount[],
    isOver: () => boolean = () => false,
  ): Promise<string | undefined> {
    if (!this.#away && this.inGrace) {
      const full = this.#beyondShare(calls, total, taken);
      if (full !== undefined) return full;
    }
    for (let tries = 0; tries < 3 && !this.#away; tries++) {
      if (isOver()) return undefined;
      const term = this.#term;
      try {
        const [code, first, ...counts] = await this.#send(term, calls, total, taken, given);
        if (code === 0) return first === 0 ? TOTAL : taken[first - 1]?.id;
        if (code === 1) {
          this.#hold(calls, taken, given);
          this.#learn(first, [...taken, ...given], counts);
          // Granted under a term that is over by now: the new one may not know of it.
          if (term !== this.#term) await this.settle();
          return undefined;
        }
        if (term === this.#term) await this.settle();
      } catch (error) {
        // The link has told the store, and `settle` will tell Redis what is held.
        if (error instanceof AwayError) break;
        throw error;
      }
    }
    if (isOver()) return undefined;
    const full = this.#beyondShare(calls, total, taken);
    if (full === undefined) this.#hold(calls, taken, given);
    return full;
  }

  /** Never refused, and if Redis is away `settle` says it later. */
  async #giveBack(calls: -1 | 0, given: readonly Amount[]): Promise<void> {
    // It is held no more from this moment on, whatever becomes of the message.
    this.#hold(calls, [], given);
    if (this.#away) return;
    const term = this.#term;
    try {
      const [code, first, ...counts] = await this.#send(term, calls, 0, [], given);
      // The store has forgotten this instance: what it says next leaves out what went back.
      if (code !== 1 || term !== this.#term) await this.settle();
      else this.#learn(first, given, counts);
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
    }
  }

  async #send(
    term: number,
    calls: number,
    total: number,
    taken: readonly Wanted[],
    given: readonly Amount[],
  ): Promise<readonly [number, number, ...number[]]> {
    const { link, owner, keys } = this.#options;
    const more = taken.flatMap(({ id, by, limit }) => [id, by, Number.isFinite(limit) ? limit : Number.MAX_SAFE_INTEGER]);
    const args = [keys.licences, keys.held(owner), term, calls, total, taken.length, ...more, ...given.flatMap(({ id, by }) => [id, by])];
    return (await link.run((client) => client.exchangeLicences(...args))) as [number, number, ...number[]];
  }

  #learn(total: number, amounts: readonly Amount[], counts: readonly number[]): void {
    this.#used.set(TOTAL, total);
    for (const [at, { id }] of amounts.entries()) this.#used.set(id, counts[at] ?? 0);
  }

  #beyondShare(calls: number, total: number, taken: readonly Wanted[]): string | undefined {
    for (const { id, by, limit } of taken) if (!this.#isInShare(id, by, limit)) return id;
    return calls > 0 && !this.#isInShare(TOTAL, 1, total) ? TOTAL : undefined;
  }

  /** If all instances that were there take theirs, the limit holds. */
  #isInShare(id: string, by: number, limit: number): boolean {
    const { held, used, instances } = this.#basis;
    const share = Math.floor(Math.max(0, limit - (used.get(id) ?? 0)) / instances);
    return (this.#held.get(id) ?? 0) + by <= (held.get(id) ?? 0) + share;
  }

  #hold(calls: number, taken: readonly Amount[], given: readonly Amount[]): void {
    this.#count(TOTAL, calls);
    for (const { id, by } of taken) this.#count(id, by);
    for (const { id, by } of given) this.#count(id, -by);
  }

  #count(id: string, by: number): void {
    const count = (this.#held.get(id) ?? 0) + by;
    if (count === 0) this.#held.delete(id);
    else this.#held.set(id, count);
  }

  #keys(owner: string): readonly [string, string, string] {
    const { licences, instances, held } = this.#options.keys;
    return [licences, held(owner), instances];
  }
}

/** The licences of one call, one change after the other. */
export class SharedLease implements CallLease {
  readonly #licences: SharedLicences;
  #held: readonly OrganisationId[];
  #released = false;
  #latest: Promise<unknown> = Promise.resolve();

  constructor(licences: SharedLicences, held: readonly OrganisationId[]) {
    this.#licences = licences;
    this.#held = held;
  }

  get organisations(): readonly OrganisationId[] {
    return this.#held;
  }

  change(organisations: readonly OrganisationLimit[]): Promise<{ readonly ok: true } | LicenceRefusal> {
    return this.#next(() => this.#change(distinct(organisations)));
  }

  release(): Promise<void> {
    return this.#next(async () => {
      const held = this.detach();
      if (held) await this.#licences.giveBack(held);
    });
  }

  /** What it held besides its place in the total, and holds no more; undefined: it had been released. */
  detach(): readonly OrganisationId[] | undefined {
    if (this.#released) return undefined;
    this.#released = true;
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** As the store knows it, for another instance to take over: names with commas; '': it holds nothing. */
  get licences(): string {
    return this.#released ? '' : [TOTAL, ...this.#held].join(',');
  }

  async #change(wanted: readonly OrganisationLimit[]): Promise<{ readonly ok: true } | LicenceRefusal> {
    if (this.#released) return { ok: true };
    const taken = wanted.filter(({ id }) => !this.#held.includes(id));
    const given = this.#held.filter((held) => !wanted.some(({ id }) => id === held));
    const refusal = taken.length + given.length === 0 ? undefined : await this.#licences.change(taken, given, () => this.#released);
    if (refusal) return refusal;
    if (!this.#released) this.#held = names(wanted);
    return { ok: true };
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#latest.then(step);
    this.#latest = done;
    return done;
  }
}

function refusal(full: string): LicenceRefusal {
  return { ok: false, exhausted: full === TOTAL ? { kind: 'total' } : { kind: 'organisation', id: full } };
}

function one(id: string): Amount {
  return { id, by: 1 };
}

function oneOf({ id, limit }: OrganisationLimit): Wanted {
  return { id, by: 1, limit };
}

/** No organisation's id has a blank, nor a star. sweep-meetings.lua knows these names. */
const ALL_PORTS = portsOf(TOTAL);

function portsOf(organisation: string): string {
  return `ports ${organisation}`;
}

/** No organisation's id has a blank. */
function bandwidthOf(zone: string): string {
  return `bandwidth ${zone}`;
}

function numbers(list: readonly string[]): Map<string, number> {
  return new Map(pairs(list).map(([name, value]) => [name, Number(value)]));
}

function pairs(list: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let at = 0; at < list.length; at += 2) result.push([list[at] ?? '', list[at + 1] ?? '']);
  return result;
}

/** Each organisation once, at the place it was named first. */
function distinct(organisations: readonly OrganisationLimit[]): readonly OrganisationLimit[] {
  return organisations.filter(({ id }, at) => organisations.findIndex((other) => other.id === id) === at);
}

function names(organisations: readonly OrganisationLimit[]): readonly OrganisationId[] {
  return organisations.map(({ id }) => id);
}
