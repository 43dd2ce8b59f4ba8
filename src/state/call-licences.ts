import type { OrganisationId } from '../gatekeeper/plan/plan.js';
import type { PortLicenceResult, PortRequest } from './meeting-store.js';
import { PortCounts } from './port-counts.js';
import type { CallLease, CallLicenceRequest, CallLicenceResult, LicenceRefusal, LicenceStore, OrganisationLimit } from './store.js';

/**
 * Call licences, bandwidth and meeting ports of one process. Each step is synchronous, and so atomic: nobody can come between the look at the limits and the taking.
 */
export class CallLicences implements LicenceStore {
  readonly #used = new Map<OrganisationId, number>();
  readonly #bandwidth = new Map<string, number>();
  readonly #ports = new PortCounts();
  #total = 0;

  changeBandwidth(zone: string, by: number, limit: number): Promise<boolean> {
    const inUse = this.bandwidthInUse(zone) + by;
    if (by > 0 && inUse > limit) return Promise.resolve(false);
    if (inUse === 0) this.#bandwidth.delete(zone);
    else this.#bandwidth.set(zone, inUse);
    return Promise.resolve(true);
  }

  bandwidthInUse(zone: string): number {
    return this.#bandwidth.get(zone) ?? 0;
  }

  takeCall(request: CallLicenceRequest): Promise<CallLicenceResult> {
    const refusal = this.#firstFull(request.organisations, []);
    if (refusal) return Promise.resolve(refusal);
    if (this.#total >= request.total) return Promise.resolve({ ok: false, exhausted: { kind: 'total' } });
    this.#total++;
    const ids = distinct(request.organisations);
    for (const id of ids) this.#add(id, 1);
    return Promise.resolve({ ok: true, lease: new Lease(this, ids) });
  }

  callsInUse(organisation?: OrganisationId): number {
    return organisation === undefined ? this.#total : (this.#used.get(organisation) ?? 0);
  }

  takePort(request: PortRequest): Promise<PortLicenceResult> {
    return this.#ports.takePort(request);
  }

  portsInUse(organisation?: OrganisationId): number {
    return this.#ports.portsInUse(organisation);
  }

  /** For a lease alone: from `held` to `wanted`, or nothing and the limit that was in the way. */
  exchange(held: readonly OrganisationId[], wanted: readonly OrganisationLimit[]): readonly OrganisationId[] | LicenceRefusal {
    const refusal = this.#firstFull(wanted, held);
    if (refusal) return refusal;
    const ids = distinct(wanted);
    for (const id of ids) if (!held.includes(id)) this.#add(id, 1);
    for (const id of held) if (!ids.includes(id)) this.#add(id, -1);
    return ids;
  }

  /** For a lease alone. */
  giveBack(held: readonly OrganisationId[]): void {
    for (const id of held) this.#add(id, -1);
    this.#total--;
  }

  #firstFull(wanted: readonly OrganisationLimit[], held: readonly OrganisationId[]): LicenceRefusal | undefined {
    for (const { id, limit } of wanted) {
      if (!held.includes(id) && this.callsInUse(id) >= limit) return { ok: false, exhausted: { kind: 'organisation', id } };
    }
    return undefined;
  }

  #add(id: OrganisationId, by: number): void {
    const used = this.callsInUse(id) + by;
    if (used === 0) this.#used.delete(id);
    else this.#used.set(id, used);
  }
}

class Lease implements CallLease {
  readonly #licences: CallLicences;
  #held: readonly OrganisationId[];
  #released = false;

  constructor(licences: CallLicences, held: readonly OrganisationId[]) {
    this.#licences = licences;
    this.#held = held;
  }

  get organisations(): readonly OrganisationId[] {
    return this.#held;
  }

  change(organisations: readonly OrganisationLimit[]): Promise<{ readonly ok: true } | LicenceRefusal> {
    if (this.#released) return Promise.resolve({ ok: true });
    const result = this.#licences.exchange(this.#held, organisations);
    if ('ok' in result) return Promise.resolve(result);
    this.#held = result;
    return Promise.resolve({ ok: true });
  }

  release(): Promise<void> {
    if (!this.#released) {
      this.#released = true;
      this.#licences.giveBack(this.#held);
      this.#held = [];
    }
    return Promise.resolve();
  }
}

function distinct(organisations: readonly OrganisationLimit[]): readonly OrganisationId[] {
  return [...new Set(organisations.map(({ id }) => id))];
}
