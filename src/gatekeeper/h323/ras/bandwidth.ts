import type { LicenceStore } from '../../../state/store.js';
import type { Bandwidth as BandwidthLimits, ZoneId } from '../../plan/plan.js';
import { Turns } from './turns.js';

/** H.225.0 counts bandWidth in 100 bit/s; both it and the plan mean both directions of a call together. */
const UNITS_PER_KBPS = 10;

export interface BandwidthRequest {
  /** 32 hexadecimal digits in lower case. */
  readonly callIdentifier: string;
  /** Whose share of the call it is: an endpoint's id, or a zone's where the party is not registered. */
  readonly party: string;
  readonly zone: ZoneId;
  /** Asked for, in 100 bit/s, both directions together. */
  readonly bandwidth: number;
}

/**
 * In 100 bit/s, both directions together. `allowed`: what could be had now instead. `over`: it was released while the store was asked, so
 * that nothing is held.
 */
export type BandwidthResult =
  | { readonly ok: true; readonly granted: number }
  | { readonly ok: false; readonly over: boolean; readonly allowed: number };

export interface BandwidthOptions {
  /** Of the plan in force, asked anew each time. */
  readonly limits: (zone: ZoneId) => BandwidthLimits | undefined;
  /** Counts for all instances what zones with a total have in use. */
  readonly store: Pick<LicenceStore, 'changeBandwidth' | 'bandwidthInUse'>;
  /** The store failed while nobody waited for it. */
  readonly onFault: (error: unknown) => void;
}

interface Share {
  readonly party: string;
  readonly zone: ZoneId;
  units: number;
  /** What of it the store counts: all, or nothing while the zone has no total. */
  counted: number;
}

/** An ask that is not answered yet. */
interface Ask {
  readonly party: string;
  over: boolean;
}

/** Calls that can hold some: far above what call licences allow. */
const MAX_CALLS = 200_000;
/** Asks of one call that may wait for each other: an endpoint has one, or a few while it repeats itself. */
const MAX_ASKS = 20;

/**
 * What calls of this instance hold of their zones' bandwidth. The limit of one call is looked at here; a zone's total is counted in the
 * store, for all instances, and without one the store is not asked. Whoever ends a call releases it.
 */
export class Bandwidth {
  readonly #options: BandwidthOptions;
  readonly #calls = new Map<string, Share[]>();
  readonly #inUse = new Map<ZoneId, number>();
  /** By call, in their order: a call's asks are answered one after the other. */
  readonly #turns = new Turns<string>();
  readonly #asks = new Map<string, Set<Ask>>();
  #closed = false;

  constructor(options: BandwidthOptions) {
    this.#options = options;
  }

  /** Calls that hold some. */
  get calls(): number {
    return this.#calls.size;
  }

  /** By calls of this instance, in 100 bit/s, both directions together. */
  inUse(zone: ZoneId): number {
    return this.#inUse.get(zone) ?? 0;
  }

  /**
   * Takes or changes a party's share. A call is given less where it asks for more than one call may have, and refused where the zone's total
   * has no room for that. A refusal changes nothing: what was held before is still held. At once where no store has to be asked, and nobody
   * asks for the same call.
   */
  ask(request: BandwidthRequest): BandwidthResult | Promise<BandwidthResult> {
    const { callIdentifier, party } = request;
    const waiting = this.#asks.get(callIdentifier);
    if (waiting === undefined && !this.#mustCount(request)) return this.#settle(request);
    const ask: Ask = { party, over: false };
    const result = this.#turns.take(callIdentifier, () => this.#take(request, ask), MAX_ASKS);
    if (result === undefined) return { ok: false, over: false, allowed: this.held(callIdentifier, party) };
    const asks = waiting ?? new Set();
    asks.add(ask);
    this.#asks.set(callIdentifier, asks);
    return result.finally(() => {
      asks.delete(ask);
      if (asks.size === 0 && this.#asks.get(callIdentifier) === asks) this.#asks.delete(callIdentifier);
    });
  }

  /** What one call of the zone may have, in 100 bit/s; infinite: as much as it asks for. */
  callLimit(zone: ZoneId): number {
    return units(this.#options.limits(zone)?.callKbps);
  }

  /** What a party holds of a call, in 100 bit/s; 0: nothing. */
  held(callIdentifier: string, party: string): number {
    return this.#share(callIdentifier, party)?.units ?? 0;
  }

  /** Gives back one party's share, or all of the call's, what is being asked for included. Doing it twice does nothing. */
  release(callIdentifier: string, party?: string): void {
    for (const ask of this.#asks.get(callIdentifier) ?? []) if (party === undefined || ask.party === party) ask.over = true;
    this.#drop(callIdentifier, party);
  }

  /** The plan was read again: what calls hold of a zone that has a total now is counted from here on, and no more where it went. */
  planChanged(): void {
    const changes = new Map<ZoneId, number>();
    for (const shares of this.#calls.values()) {
      for (const share of shares) {
        const counted = this.#totalOf(share.zone) === undefined ? 0 : share.units;
        if (counted === share.counted) continue;
        changes.set(share.zone, (changes.get(share.zone) ?? 0) + counted - share.counted);
        share.counted = counted;
      }
    }
    for (const [zone, by] of changes) this.#count(zone, by);
  }

  /** Gives everything back, what is still being asked for included. May be called twice. */
  close(): void {
    this.#closed = true;
    for (const callIdentifier of [...this.#calls.keys()]) this.#drop(callIdentifier);
  }

  /** Whether the store must say yes before the request can be granted. */
  #mustCount({ callIdentifier, party, zone, bandwidth }: BandwidthRequest): boolean {
    if (this.#totalOf(zone) === undefined) return false;
    const held = this.#share(callIdentifier, party);
    const granted = Math.min(bandwidth, this.callLimit(zone));
    // A limit that was lowered by a reload must not refuse a call that asks for less than it has.
    return granted > (held?.zone === zone ? held.units : 0);
  }

  async #take(request: BandwidthRequest, ask: Ask): Promise<BandwidthResult> {
    const total = this.#totalOf(request.zone);
    if (ask.over || this.#closed) return OVER;
    if (total === undefined || !this.#mustCount(request)) return this.#settle(request);
    const { zone } = request;
    const granted = Math.min(request.bandwidth, this.callLimit(zone));
    const by = granted - this.#counted(request);
    const { store } = this.#options;
    if (!(await store.changeBandwidth(zone, by, total))) {
      if (ask.over) return OVER;
      // What is in use may be a second old, and then seem to leave room for what has just been refused.
      const others = store.bandwidthInUse(zone) - this.#counted(request);
      return { ok: false, over: false, allowed: Math.min(granted - 1, Math.max(0, total - others)) };
    }
    if (ask.over || this.#closed) {
      this.#count(zone, -by);
      return OVER;
    }
    // A reload may have begun to count what was held, or ceased to, in the meantime.
    return this.#settle(request, granted, by + this.#counted(request));
  }

  /** Writes down what was granted. `counted`: what the store has for it already. */
  #settle(request: BandwidthRequest, granted?: number, counted?: number): BandwidthResult {
    if (this.#closed) return OVER;
    const { callIdentifier, party, zone, bandwidth } = request;
    const units = granted ?? Math.min(bandwidth, this.callLimit(zone));
    const inStore = counted ?? this.#counted(request);
    const held = this.#share(callIdentifier, party);
    if (!held && this.#calls.size >= MAX_CALLS && !this.#calls.has(callIdentifier)) {
      this.#count(zone, -inStore);
      return { ok: false, over: false, allowed: 0 };
    }
    if (held && held.zone !== zone) this.#drop(callIdentifier, party);
    const share = held?.zone === zone ? held : this.#hold(callIdentifier, { party, zone, units: 0, counted: 0 });
    this.#add(zone, units - share.units);
    share.units = units;
    share.counted = this.#totalOf(zone) === undefined ? 0 : units;
    this.#count(zone, share.counted - inStore);
    return { ok: true, granted: units };
  }

  #counted({ callIdentifier, party, zone }: BandwidthRequest): number {
    const held = this.#share(callIdentifier, party);
    return held?.zone === zone ? held.counted : 0;
  }

  #share(callIdentifier: string, party: string): Share | undefined {
    return this.#calls.get(callIdentifier)?.find((share) => share.party === party);
  }

  #hold(callIdentifier: string, share: Share): Share {
    const shares = this.#calls.get(callIdentifier);
    if (shares) shares.push(share);
    else this.#calls.set(callIdentifier, [share]);
    return share;
  }

  #drop(callIdentifier: string, party?: string): void {
    const shares = this.#calls.get(callIdentifier);
    if (!shares) return;
    const kept = party === undefined ? [] : shares.filter((share) => share.party !== party);
    for (const share of shares) {
      if (kept.includes(share)) continue;
      this.#add(share.zone, -share.units);
      this.#count(share.zone, -share.counted);
    }
    if (kept.length === 0) this.#calls.delete(callIdentifier);
    else this.#calls.set(callIdentifier, kept);
  }

  #add(zone: ZoneId, by: number): void {
    const sum = this.inUse(zone) + by;
    if (sum === 0) this.#inUse.delete(zone);
    else this.#inUse.set(zone, sum);
  }

  /** What cannot be refused: it goes back, or a call has it already. */
  #count(zone: ZoneId, by: number): void {
    if (by !== 0) this.#options.store.changeBandwidth(zone, by, Number.MAX_SAFE_INTEGER).catch(this.#options.onFault);
  }

  /** In 100 bit/s; undefined: the zone has none. */
  #totalOf(zone: ZoneId): number | undefined {
    const total = this.#options.limits(zone)?.totalKbps;
    return total === undefined ? undefined : total * UNITS_PER_KBPS;
  }
}

const OVER: BandwidthResult = { ok: false, over: true, allowed: 0 };

function units(kbps: number | undefined): number {
  return kbps === undefined ? Number.POSITIVE_INFINITY : kbps * UNITS_PER_KBPS;
}
