import type { Bandwidth as BandwidthLimits, ZoneId } from '../../plan/plan.js';

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

/** In 100 bit/s, both directions together. `allowed`: what could be had now instead. */
export type BandwidthResult = { readonly ok: true; readonly granted: number } | { readonly ok: false; readonly allowed: number };

interface Share {
  readonly party: string;
  readonly zone: ZoneId;
  units: number;
}

/** Calls that can hold some: far above what call licences allow. */
const MAX_CALLS = 200_000;

/** What calls hold of their zones' bandwidth. Pure counting: whoever ends a call releases it. */
export class Bandwidth {
  readonly #limits: (zone: ZoneId) => BandwidthLimits | undefined;
  readonly #calls = new Map<string, Share[]>();
  readonly #inUse = new Map<ZoneId, number>();

  /** @param limits of the plan in force, asked anew each time */
  constructor(limits: (zone: ZoneId) => BandwidthLimits | undefined) {
    this.#limits = limits;
  }

  /** Calls that hold some. */
  get calls(): number {
    return this.#calls.size;
  }

  /** In 100 bit/s, both directions together. */
  inUse(zone: ZoneId): number {
    return this.#inUse.get(zone) ?? 0;
  }

  /**
   * Takes or changes a party's share. A call is given less where it asks for more than one call may have, and refused where the zone's total
   * has no room for that. A refusal changes nothing: what was held before is still held.
   */
  ask({ callIdentifier, party, zone, bandwidth }: BandwidthRequest): BandwidthResult {
    const limits = this.#limits(zone);
    const granted = Math.min(bandwidth, units(limits?.callKbps));
    const held = this.#share(callIdentifier, party);
    const sameZone = held?.zone === zone;
    const others = this.inUse(zone) - (sameZone ? held.units : 0);
    const total = units(limits?.totalKbps);
    // A limit that was lowered by a reload must not refuse a call that asks for less than it has.
    const less = sameZone && granted <= held.units;
    if (!less && others + granted > total) return { ok: false, allowed: Math.min(granted, Math.max(0, total - others)) };
    if (held && !sameZone) this.release(callIdentifier, party);
    if (held && sameZone) this.#add(zone, granted - held.units, held, granted);
    else if (!this.#hold(callIdentifier, { party, zone, units: granted })) return { ok: false, allowed: 0 };
    return { ok: true, granted };
  }

  /** What one call of the zone may have, in 100 bit/s; infinite: as much as it asks for. */
  callLimit(zone: ZoneId): number {
    return units(this.#limits(zone)?.callKbps);
  }

  /** What a party holds of a call, in 100 bit/s; 0: nothing. */
  held(callIdentifier: string, party: string): number {
    return this.#share(callIdentifier, party)?.units ?? 0;
  }

  /** Gives back one party's share, or all of the call's. Doing it twice does nothing. */
  release(callIdentifier: string, party?: string): void {
    const shares = this.#calls.get(callIdentifier);
    if (!shares) return;
    const kept = party === undefined ? [] : shares.filter((share) => share.party !== party);
    for (const share of shares) if (!kept.includes(share)) this.#add(share.zone, -share.units);
    if (kept.length === 0) this.#calls.delete(callIdentifier);
    else this.#calls.set(callIdentifier, kept);
  }

  #share(callIdentifier: string, party: string): Share | undefined {
    return this.#calls.get(callIdentifier)?.find((share) => share.party === party);
  }

  #hold(callIdentifier: string, share: Share): boolean {
    const shares = this.#calls.get(callIdentifier);
    if (!shares && this.#calls.size >= MAX_CALLS) return false;
    if (shares) shares.push(share);
    else this.#calls.set(callIdentifier, [share]);
    this.#add(share.zone, share.units);
    return true;
  }

  #add(zone: ZoneId, by: number, share?: Share, now?: number): void {
    if (share && now !== undefined) share.units = now;
    const sum = this.inUse(zone) + by;
    if (sum === 0) this.#inUse.delete(zone);
    else this.#inUse.set(zone, sum);
  }
}

function units(kbps: number | undefined): number {
  return kbps === undefined ? Number.POSITIVE_INFINITY : kbps * UNITS_PER_KBPS;
}
