import type { EpochMs } from '../../../clock.js';
import { prefixKey } from '../../plan/normalise.js';
import type { Organisation, OrganisationId, Plan, ZoneId } from '../../plan/plan.js';
import type { ContactChange, RegistrationChange, RegistrationIndex } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import type { Endpoint, EndpointKind } from './endpoint.js';
import { contactOf, flowOf, OWN_FLOW, type Reached } from './endpoint-binding.js';

/** What an endpoint is to have in the registry. */
export interface AdditionTerms {
  readonly zone: ZoneId;
  readonly organisation: Organisation;
  readonly kind: EndpointKind;
  readonly aliases: readonly { readonly key: AliasKey }[];
  readonly prefixes: readonly string[];
  readonly reached: Reached;
  /** Seconds; 0: as long as it lasts already. */
  readonly timeToLive: number;
}

export interface EndpointChangesOptions {
  readonly index: RegistrationIndex;
  readonly plan: () => Plan;
  readonly graceSeconds: number;
  /** Whether there are other instances, which may have to know the endpoint again by its bindings alone. */
  readonly isShared: boolean;
}

/** What the registry is asked to change when an endpoint comes, stays or goes. */
export class EndpointChanges {
  readonly #options: EndpointChangesOptions;

  constructor(options: EndpointChangesOptions) {
    this.#options = options;
  }

  additions(endpoint: Endpoint, terms: AdditionTerms, now: EpochMs): RegistrationChange[] {
    const { reached, organisation, timeToLive, zone, aliases, prefixes, kind } = terms;
    const left = timeToLive > 0 ? timeToLive : Math.ceil((endpoint.expiresAt - now) / 1000);
    const contact = contactOf(reached);
    const flow = this.#options.isShared ? flowOf(reached) : OWN_FLOW;
    const expires = Math.max(1, left) + this.#options.graceSeconds;
    const contacts = [{ contact, key: contact, expires, q: 1000, instance: endpoint.id, regId: 1, path: NONE, flow }];
    const limits = { organisation: organisation.licences.registrations, total: this.#options.plan().licences.registrations };
    const changes: RegistrationChange[] = [];
    for (const { key } of aliases) changes.push(changeOf(key, organisation.id, zone, contacts, limits, true));
    // Several gateways of a zone may serve one prefix, and are tried in turn.
    if (kind !== 'terminal') {
      for (const prefix of prefixes) changes.push(changeOf(prefixKey(prefix), organisation.id, zone, contacts, limits, false));
    }
    return changes;
  }

  /** What `endpoint` has and `wanted` no longer names. */
  removals(endpoint: Endpoint, wanted: Pick<AdditionTerms, 'aliases' | 'prefixes'>): RegistrationChange[] {
    const aliases = endpoint.aliases.filter((key) => !wanted.aliases.some((alias) => alias.key === key));
    const prefixes = endpoint.prefixes.filter((prefix) => !wanted.prefixes.includes(prefix));
    return this.releases(endpoint, aliases, prefixes);
  }

  releases(endpoint: Endpoint, aliases: readonly string[], prefixes: readonly string[]): RegistrationChange[] {
    const { index, plan } = this.#options;
    const changes: RegistrationChange[] = [];
    for (const alias of [...aliases, ...prefixes.map(prefixKey)]) {
      const registration = index.find(alias);
      // It may have run out, and be somebody else's by now.
      const binding = registration?.bindings.find(({ instance }) => instance === endpoint.id);
      if (!registration || !binding) continue;
      const gone = { ...GONE, contact: binding.contact, key: binding.contact, instance: endpoint.id };
      const limits = { organisation: 0, total: plan().licences.registrations };
      // A prefix may have gone to another organisation since: what others have of it stays theirs.
      changes.push(changeOf(alias, registration.organisation, registration.zone, [gone], limits, false));
    }
    return changes;
  }
}

const NONE: readonly never[] = Object.freeze([]);
const GONE = { expires: 0, q: 1000, regId: 1, path: NONE, flow: OWN_FLOW } as const;

function changeOf(
  alias: AliasKey,
  organisation: OrganisationId,
  zone: ZoneId,
  contacts: readonly ContactChange[],
  limits: RegistrationChange['limits'],
  exclusive: boolean,
): RegistrationChange {
  return { alias, organisation, zone, protocol: 'h323', callId: '', cseq: 0, exclusive, contacts, removeAll: false, limits };
}
