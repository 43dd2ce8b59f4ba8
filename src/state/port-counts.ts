import type { OrganisationId } from '../gatekeeper/plan/plan.js';
import type { PortLicenceResult, PortLicences, PortRequest } from './meeting-store.js';

/** Meeting ports of one process. Each step is synchronous, and so atomic. */
export class PortCounts implements PortLicences {
  readonly #used = new Map<OrganisationId, number>();
  #total = 0;

  takePort({ organisation: { id, limit }, total }: PortRequest): Promise<PortLicenceResult> {
    if (this.portsInUse(id) >= limit) return Promise.resolve({ ok: false, exhausted: { kind: 'organisation', id } });
    if (this.#total >= total) return Promise.resolve({ ok: false, exhausted: { kind: 'total' } });
    this.#count(id, 1);
    let held = true;
    const release = (): Promise<void> => {
      if (held) this.#count(id, -1);
      held = false;
      return Promise.resolve();
    };
    return Promise.resolve({ ok: true, lease: { release } });
  }

  portsInUse(organisation?: OrganisationId): number {
    return organisation === undefined ? this.#total : (this.#used.get(organisation) ?? 0);
  }

  #count(id: OrganisationId, by: number): void {
    this.#total += by;
    const used = this.portsInUse(id) + by;
    if (used === 0) this.#used.delete(id);
    else this.#used.set(id, used);
  }
}
