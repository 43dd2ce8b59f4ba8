import type { Party } from '../../calls/call.js';
import type { RefusalCode } from '../../calls/reasons.js';
import { aliasKey, normalise, numberAtDomain } from '../../plan/normalise.js';
import { ownerOf } from '../../plan/ownership.js';
import type { Organisation, Plan, Zone } from '../../plan/plan.js';
import { identify } from '../../plan/source-zone.js';
import { writtenAlias } from '../alias-address.js';
import type { SetupUUIE } from '../asn1/h225.js';
import type { AdmissionLookup, EndpointLookup, KnownEndpoint, SignallingConnection } from './context.js';

export interface Caller {
  readonly zone: Zone;
  readonly organisation: Organisation | undefined;
  /** Canonical, for the record. */
  readonly alias: string;
  /** Who is registered here; undefined: a neighbour, an unregistered endpoint where the zone allows it, or the Internet. */
  readonly endpoint: KnownEndpoint | undefined;
}

export type CallerResult =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly refusal: RefusalCode; readonly zone: Zone | undefined; readonly detail: string };

/** Who may be asked about the caller of a Setup. */
export interface CallerRecords {
  readonly plan: Plan;
  readonly endpoints: EndpointLookup;
  readonly admissions: AdmissionLookup;
}

/**
 * Who makes this call: a registered endpoint, told by the identifier that we gave it or by its ARQ, and by its address; else a zone known
 * by certificate or address that need not register; else the Internet. An address that claims another organisation's number is refused.
 */
export function identifyCaller(
  records: CallerRecords,
  setup: SetupUUIE,
  admissionId: string,
  callingNumber: string | undefined,
  connection: SignallingConnection,
): CallerResult {
  const { plan } = records;
  const endpoint = registeredCaller(records, setup, admissionId, connection);
  if (endpoint === 'foreign') {
    return refused(
      'endpointNotRegistered',
      undefined,
      `The endpointIdentifier of the Setup is not one of an endpoint registered from ${connection.remote.address}`,
    );
  }
  if (endpoint) {
    const zone = plan.zones.get(endpoint.zone);
    // A reload may have taken the zone out of the plan, or given it to somebody else.
    if (zone?.organisation?.id !== endpoint.organisation) {
      return refused(
        'endpointNotRegistered',
        zone,
        `The zone ${endpoint.zone} that the endpoint registered in is no longer in the address plan`,
      );
    }
    return withIdentity(plan, zone, setup, callingNumber, endpoint);
  }
  const zone = identify(plan, connection);
  if (zone?.kind === 'h323-neighbour') return withIdentity(plan, zone, setup, callingNumber, undefined);
  if (zone?.kind === 'hosted' || zone?.kind === 'h323-gateway') {
    if (zone.unregistered) return withIdentity(plan, zone, setup, callingNumber, undefined);
    return refused(
      'endpointNotRegistered',
      zone,
      `${connection.remote.address} belongs to zone ${zone.id}, but no endpoint is registered from there`,
    );
  }
  if (setup.endpointIdentifier !== undefined && !plan.internet?.inbound) {
    const sentence = `An endpoint at ${connection.remote.address} calls with an endpointIdentifier that is not, or no longer, known here: let it register again`;
    return refused('endpointNotRegistered', zone, sentence);
  }
  if (zone) return refused('callerUnknown', zone, `Zone ${zone.id} (${zone.kind}) speaks SIP: its address may not call over H.323`);
  if (!plan.internet)
    return refused('callerUnknown', undefined, `${connection.remote.address} is neither registered nor in any zone of the address plan`);
  if (!plan.internet.inbound)
    return refused(
      'internetInboundOff',
      plan.internet,
      `${connection.remote.address} is neither registered nor in any zone of the address plan`,
    );
  return withIdentity(plan, plan.internet, setup, callingNumber, undefined);
}

const refused = (refusal: RefusalCode, zone: Zone | undefined, detail: string): CallerResult => ({ ok: false, refusal, zone, detail });

/** The endpoint that this Setup is from; `foreign`: it names the identifier of another. */
function registeredCaller(
  { plan, endpoints, admissions }: CallerRecords,
  setup: SetupUUIE,
  admissionId: string,
  connection: SignallingConnection,
): KnownEndpoint | 'foreign' | undefined {
  const { address } = connection.remote;
  const there = identify(plan, connection);
  // Whoever registers an address of another zone as its own must not become the caller of what that zone calls.
  const isFrom = ({ zone, signalAddress, source }: KnownEndpoint) =>
    (source.address === address || signalAddress.address === address) && (there === undefined || there.id === zone);
  const named = setup.endpointIdentifier === undefined ? undefined : endpoints.find(setup.endpointIdentifier);
  // Seen on its way an identifier is a password in clear: it counts from the endpoint's own address alone. One that is not ours was given by
  // the gatekeeper that the caller is registered at, and says nothing here.
  if (named) return isFrom(named) ? named : 'foreign';
  const admission = admissions.find(admissionId);
  const admitted = admission && endpoints.find(admission.endpointId);
  if (admitted && isFrom(admitted)) return admitted;
  // An endpoint that proved a password is not told by its address alone: others are behind it, too.
  const candidates = endpoints.atAddress(address).filter((endpoint) => isFrom(endpoint) && !endpoint.proof);
  if (candidates.length <= 1) return candidates[0];
  // Several behind one address: the one whose alias it says is its own.
  const aliases = claimedAliases(setup);
  return candidates.find((endpoint) => aliases.some((alias) => endpoint.aliases.includes(alias)));
}

function claimedAliases(setup: SetupUUIE): string[] {
  return (setup.sourceAddress ?? []).flatMap((address) => {
    const alias = normalise(writtenAlias(address) ?? '');
    return alias ? [aliasKey(alias)] : [];
  });
}

function withIdentity(
  plan: Plan,
  zone: Zone,
  setup: SetupUUIE,
  callingNumber: string | undefined,
  endpoint: KnownEndpoint | undefined,
): CallerResult {
  const organisation = zone.organisation;
  const others = setup.additionalSourceAddresses ?? [];
  const written = [...(setup.sourceAddress ?? []).map(writtenAlias), callingNumber, ...others.map(({ address }) => writtenAlias(address))];
  let first: string | undefined;
  let own: string | undefined;
  // All of them are looked at: beside its own number it could show somebody else's.
  for (const text of written) {
    const alias = text === undefined ? undefined : normalise(text);
    if (alias === undefined) continue;
    const owner = ownerOf(plan, alias);
    if (owner !== undefined && owner !== organisation) {
      return refused('callerIdentityForeign', zone, `The caller says that it is ${text}, which is an address of ${owner.id}`);
    }
    const key = numberAtDomain(alias, plan) ?? aliasKey(alias);
    first ??= key;
    if (endpoint?.aliases.includes(key)) own ??= key;
  }
  // A terminal is known by what it registered, a gateway speaks for numbers behind it.
  if (endpoint && endpoint.prefixes.length === 0) own ??= endpoint.aliases[0];
  return { ok: true, caller: { zone, organisation, alias: own ?? first ?? endpoint?.aliases[0] ?? '', endpoint } };
}

export function partyOf({ zone, organisation, alias }: Caller): Party {
  return { zone: zone.id, organisation: organisation?.id, alias, protocol: 'h323' };
}
