import type { Clock } from '../../clock.js';
import type { OrganisationId } from '../../gatekeeper/plan/plan.js';
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
}

/** What is free at a beat is divided among the instances: this is what one of them may take when Redis goes away. */
interface Basis {
  readonly held: ReadonlyMap<string, number>;
  readonly used: ReadonlyMap<string, number>;
  readonly instances: number;
}

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
    const refusal = await this.#exchange(1, total, wanted, []);
    if (refusal) return refusal;
    return { ok: true, lease: new SharedLease(this, names(wanted)) };
  }

  callsInUse(organisation: OrganisationId = TOTAL): number {
    if (!this.#away) return this.#used.get(organisation) ?? 0;
    const { used, held } = this.#basis;
    return (used.get(organisation) ?? 0) + (this.#held.get(organisation) ?? 0) - (held.get(organisation) ?? 0);
  }

  /** Owners that live, this one among them: as many parts what is left is divided into when Redis goes away. */
  get instances(): number {
    return this.#basis.instances;
  }

  /** For a lease alone: takes some and gives others back, or nothing and the limit that was in the way. */
  change(taken: readonly OrganisationLimit[], given: readonly OrganisationId[]): Promise<LicenceRefusal | undefined> {
    return this.#exchange(0, 0, taken, given);
  }

  /** For a lease alone. */
  async giveBack(held: readonly OrganisationId[]): Promise<void> {
    // Never refused, and if Redis is away `settle` says it later.
    await this.#exchange(-1, 0, [], held);
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
    const { link, owner, deadMs } = this.#options;
    const term = ++this.#term;
    const held = [...this.#held].flat();
    await link.run((client) => client.settleLicences(...this.#keys(owner), owner, term, deadMs, ...held));
    const before = JSON.stringify(held);
    // Calls that began or ended here while that was on its way: under the old term, or while Redis counted as away.
    if (this.#away && JSON.stringify([...this.#held].flat()) !== before) await this.#settle();
    else if (this.#away) this.#comeBack();
  }

  #comeBack(): void {
    this.#away = false;
    // At the very start there was nothing before.
    if (this.#term > 1) this.#graceUntil = this.#options.clock.now() + this.#options.graceMs;
  }

  /** Says that this instance lives, buries those that do not, and learns what is in use. Rejects when Redis is away. */
  async beat(): Promise<void> {
    const { link, owner, deadMs } = this.#options;
    const reply = await link.run((client) => client.beat(...this.#keys(owner), owner, this.#term, deadMs));
    const [instances, dead, used] = reply as [number, string[], string[]];
    if (instances === -1) {
      await this.settle();
      return;
    }
    this.#used = new Map();
    for (let at = 0; at < used.length; at += 2) this.#used.set(used[at] ?? '', Number(used[at + 1]));
    if (!this.#inGrace()) this.#basis = { held: new Map(this.#held), used: new Map(this.#used), instances: Math.max(1, instances) };
    for (const one of dead) await link.run((client) => client.bury(...this.#keys(one), one, 0));
  }

  /** This instance leaves: its licences go back at once. Rejects when Redis is away. */
  async leave(): Promise<void> {
    const { link, owner } = this.#options;
    await link.run((client) => client.bury(...this.#keys(owner), owner, 1));
  }

  async #exchange(
    calls: 1 | 0 | -1,
    total: number,
    taken: readonly OrganisationLimit[],
    given: readonly OrganisationId[],
  ): Promise<LicenceRefusal | undefined> {
    const { link, owner, keys } = this.#options;
    // What goes back is held no more from this moment on, whatever becomes of the message.
    if (calls < 0) this.#hold(-1, [], given);
    if (calls >= 0 && !this.#away && this.#inGrace()) {
      const refused = this.#beyondShare(calls, total, taken);
      if (refused) return refused;
    }
    for (let tries = 0; tries < 3 && !this.#away; tries++) {
      const term = this.#term;
      const args = [
        keys.licences,
        keys.held(owner),
        term,
        calls,
        total,
        taken.length,
        ...taken.flatMap(({ id, limit }) => [id, limit]),
        ...given,
      ];
      try {
        const [code, first, ...counts] = (await link.run((client) => client.exchangeLicences(...args))) as [number, number, ...number[]];
        if (code === 0) return refusal(first === 0 ? undefined : taken[first - 1]?.id);
        if (code === 1) {
          if (calls >= 0) this.#hold(calls, taken, given);
          this.#used.set(TOTAL, first);
          for (const [at, id] of [...names(taken), ...given].entries()) this.#used.set(id, counts[at] ?? 0);
          // Granted under a term that is over by now: the new one may not know of it.
          if (term !== this.#term) await this.settle();
          return undefined;
        }
        if (calls < 0) {
          // The store has forgotten this instance. What it says next leaves out what went back.
          await this.settle();
          return undefined;
        }
        if (term === this.#term) await this.settle();
      } catch (error) {
        // The link has told the store, and `settle` will tell Redis what is held.
        if (error instanceof AwayError) break;
        throw error;
      }
    }
    return calls === -1 ? undefined : this.#exchangeAlone(calls, total, taken, given);
  }

  #exchangeAlone(
    calls: 1 | 0,
    total: number,
    taken: readonly OrganisationLimit[],
    given: readonly OrganisationId[],
  ): LicenceRefusal | undefined {
    const refused = this.#beyondShare(calls, total, taken);
    if (!refused) this.#hold(calls, taken, given);
    return refused;
  }

  #beyondShare(calls: number, total: number, taken: readonly OrganisationLimit[]): LicenceRefusal | undefined {
    for (const { id, limit } of taken) if (!this.#isInShare(id, limit)) return refusal(id);
    return calls > 0 && !this.#isInShare(TOTAL, total) ? refusal(undefined) : undefined;
  }

  /** If all instances that were there take theirs, the limit holds. */
  #isInShare(id: string, limit: number): boolean {
    const { held, used, instances } = this.#basis;
    const share = Math.floor(Math.max(0, limit - (used.get(id) ?? 0)) / instances);
    return (this.#held.get(id) ?? 0) + 1 <= (held.get(id) ?? 0) + share;
  }

  #inGrace(): boolean {
    return this.#options.clock.now() < this.#graceUntil;
  }

  #hold(calls: number, taken: readonly OrganisationLimit[], given: readonly OrganisationId[]): void {
    this.#count(TOTAL, calls);
    for (const { id } of taken) this.#count(id, 1);
    for (const id of given) this.#count(id, -1);
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
class SharedLease implements CallLease {
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
      if (this.#released) return;
      this.#released = true;
      const held = this.#held;
      this.#held = [];
      await this.#licences.giveBack(held);
    });
  }

  async #change(wanted: readonly OrganisationLimit[]): Promise<{ readonly ok: true } | LicenceRefusal> {
    if (this.#released) return { ok: true };
    const taken = wanted.filter(({ id }) => !this.#held.includes(id));
    const given = this.#held.filter((held) => !wanted.some(({ id }) => id === held));
    const refusal = taken.length + given.length === 0 ? undefined : await this.#licences.change(taken, given);
    if (refusal) return refusal;
    this.#held = names(wanted);
    return { ok: true };
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#latest.then(step);
    this.#latest = done;
    return done;
  }
}

function refusal(id: OrganisationId | undefined): LicenceRefusal {
  return { ok: false, exhausted: id === undefined ? { kind: 'total' } : { kind: 'organisation', id } };
}

/** Each organisation once, at the place it was named first. */
function distinct(organisations: readonly OrganisationLimit[]): readonly OrganisationLimit[] {
  return organisations.filter(({ id }, at) => organisations.findIndex((other) => other.id === id) === at);
}

function names(organisations: readonly OrganisationLimit[]): readonly OrganisationId[] {
  return organisations.map(({ id }) => id);
}
