import type { Clock } from '../../../clock.js';
import type { RegistrationStore } from '../../../state/store.js';
import { prefixKey } from '../../plan/normalise.js';
import type { Organisation, OrganisationId, Plan, ZoneId } from '../../plan/plan.js';
import { ownedString } from '../../registry/owned-string.js';
import type { ContactChange, Registration, RegistrationChange, RegistrationsResult } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import type { AliasAddress } from '../asn1/h225.js';
import { DueLists } from './due-lists.js';
import type { Endpoint, EndpointDirectory, EndpointKind, Proof } from './endpoint.js';
import { type EndpointAddresses, EndpointTable, StoredEndpoint } from './endpoint-table.js';
import { type SocketAddress, sameSocket } from './transport-address.js';

/** What an RRQ asks to be registered, judged and found good. */
export interface EndpointRequest {
  readonly zone: ZoneId;
  readonly organisation: Organisation;
  readonly kind: EndpointKind;
  readonly aliases: readonly RequestedAlias[];
  readonly prefixes: readonly string[];
  readonly addresses: EndpointAddresses;
  readonly tlsAddress: SocketAddress | undefined;
  readonly proof: Proof | undefined;
  /** Seconds, already within the limits. */
  readonly timeToLive: number;
  readonly vendor: string;
}

export interface RequestedAlias {
  readonly key: AliasKey;
  readonly written: AliasAddress;
}

export type EndpointResult =
  | { readonly ok: true; readonly endpoint: Endpoint; readonly isNew: boolean }
  | Exclude<RegistrationsResult, { readonly ok: true }>
  /** An earlier request of the same endpoint is not done yet: it will ask again. */
  | { readonly ok: false; readonly refusal: 'busy' };

export interface EndpointsOptions {
  readonly registrations: RegistrationStore;
  readonly plan: () => Plan;
  readonly clock: Clock;
  /** How much longer than its time to live an endpoint's aliases stay, should nobody end them: a safety net. Seconds. */
  readonly graceSeconds: number;
  /** So many random bytes. */
  readonly randomBytes: (count: number) => Buffer;
  /** Asks an endpoint whose time is up whether it is there (IRQ). Undefined: not now, too much else is being asked. */
  readonly probe: (endpoint: Endpoint) => Promise<boolean> | undefined;
  /** An endpoint is gone because its time was up. */
  readonly onExpired: (endpoint: Endpoint) => void;
  readonly onFault: (error: unknown) => void;
}

/** 18 bytes are 24 characters in base64url. */
const ID_BYTES = 18;
/** Endpoints looked at in one second at most when their time is up: enough for 100,000 that lost their network at once within some minutes. */
const EXPIRY_BUDGET = 500;

/**
 * Who is registered here by RRQ. The aliases are in the registry, which counts licences and knows all protocols; here is what only RAS and
 * call signalling need of an endpoint. The two change together: first the registry says yes.
 */
export class Endpoints implements EndpointDirectory {
  readonly #options: EndpointsOptions;
  readonly #table = new EndpointTable();
  readonly #due = new DueLists<StoredEndpoint>();
  readonly #vendors = new Map<string, string>();
  /** Endpoints, and addresses of new ones, whose change is with the store. */
  readonly #busy = new Set<StoredEndpoint | string>();

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#table.size;
  }

  find(id: string): Endpoint | undefined {
    return this.#table.find(id);
  }

  findBySignalAddress(address: SocketAddress): Endpoint | undefined {
    return this.#table.findBySignalAddress(address);
  }

  /** The device that registered this signalling address from this source, registering anew. */
  findSame(signalAddress: SocketAddress, source: SocketAddress): Endpoint | undefined {
    return this.#table.findSame(signalAddress, source);
  }

  atAddress(address: string): readonly Endpoint[] {
    return this.#table.atAddress(address);
  }

  values(): IterableIterator<Endpoint> {
    return this.#table.values();
  }

  /** A full registration: takes the place of `earlier` whole, keeping its identifier, or makes a new endpoint. */
  async register(request: EndpointRequest, earlier: Endpoint | undefined): Promise<EndpointResult> {
    const known = earlier && this.#table.find(earlier.id);
    const token =
      known ?? `${request.addresses.signalAddress.address} ${request.addresses.signalAddress.port} ${request.addresses.source.address}`;
    if (this.#busy.has(token)) return BUSY;
    const endpoint = known ?? this.#create(request);
    const changes = [...this.#additions(endpoint, request), ...(known ? this.#removals(known, request) : [])];
    return this.#apply(
      token,
      changes,
      request.timeToLive,
      (registrations) => {
        this.#fill(endpoint, request, registrations);
        if (known) this.#table.move(known, owned(request.addresses));
        else this.#table.add(endpoint);
        return { ok: true, endpoint, isNew: known === undefined };
      },
      endpoint,
    );
  }

  /** Adds aliases and prefixes to what is registered (H.323 §7.2.2.1, additiveRegistration). */
  async extend(endpoint: Endpoint, aliases: readonly RequestedAlias[], prefixes: readonly string[]): Promise<EndpointResult> {
    const known = this.#table.find(endpoint.id);
    const organisation = known && this.#organisationOf(known);
    if (!known || !organisation || this.#busy.has(known)) return BUSY;
    const news = aliases.filter(({ key }) => !known.aliases.includes(key));
    const newPrefixes = prefixes.filter((prefix) => !known.prefixes.includes(prefix));
    const terms = {
      zone: known.zone,
      organisation,
      kind: known.kind,
      addresses: known,
      aliases: news,
      prefixes: newPrefixes,
      timeToLive: 0,
    };
    return this.#apply(known, this.#additions(known, terms), 0, () => {
      const keys = news.map(({ key }) => ownedString(key));
      known.aliases = [...known.aliases, ...keys];
      known.written = [...known.written, ...news.map(({ written }, index) => ownedAlias(written, keys[index] ?? ''))];
      known.prefixes = [...known.prefixes, ...newPrefixes.map(ownedString)];
      return { ok: true, endpoint: known, isNew: false };
    });
  }

  /** A keep-alive: the endpoint and its aliases last for `timeToLive` seconds from now. */
  async renew(endpoint: Endpoint, timeToLive: number, addresses?: EndpointAddresses): Promise<EndpointResult> {
    const known = this.#table.find(endpoint.id);
    const organisation = known && this.#organisationOf(known);
    if (!known || !organisation || this.#busy.has(known)) return BUSY;
    const terms: AdditionTerms = {
      zone: known.zone,
      organisation,
      kind: known.kind,
      aliases: known.aliases.map((key) => ({ key })),
      prefixes: known.prefixes,
      addresses: addresses ?? known,
      timeToLive,
    };
    return this.#apply(
      known,
      this.#additions(known, terms),
      timeToLive,
      () => {
        if (addresses) this.#table.move(known, moved(known, addresses));
        return { ok: true, endpoint: known, isNew: false };
      },
      known,
    );
  }

  /** Ends a registration; its aliases are free when this settles. */
  async remove(endpoint: Endpoint): Promise<void> {
    const known = this.#table.find(endpoint.id);
    if (!known) return;
    this.#table.remove(known);
    this.#due.remove(known);
    await this.#release(known, known.aliases, known.prefixes);
  }

  /** Takes single aliases away from an endpoint that keeps others. */
  async removeAliases(endpoint: Endpoint, keys: readonly AliasKey[]): Promise<void> {
    const known = this.#table.find(endpoint.id);
    if (!known) return;
    const gone = known.aliases.filter((alias) => keys.includes(alias));
    known.written = known.written.filter((_, index) => !gone.includes(known.aliases[index] ?? ''));
    known.aliases = known.aliases.filter((alias) => !gone.includes(alias));
    await this.#release(known, gone, []);
  }

  setResources(endpoint: Endpoint, almostOutOfResources: boolean): void {
    const known = this.#table.find(endpoint.id);
    if (known) known.almostOutOfResources = almostOutOfResources;
  }

  /** Asks those whose time is up, and ends those that do not answer. To be called once a second. */
  expire(): void {
    const now = this.#options.clock.now();
    const second = Math.floor(now / 1000);
    for (let budget = EXPIRY_BUDGET; budget > 0; budget--) {
      const endpoint = this.#due.first(second);
      if (!endpoint) return;
      const probe = this.#options.probe(endpoint);
      if (!probe) return;
      this.#due.remove(endpoint);
      probe.then((there) => this.#probed(endpoint, there)).catch(this.#options.onFault);
    }
  }

  async #probed(endpoint: StoredEndpoint, there: boolean): Promise<void> {
    // It registered anew, or unregistered, while it was being asked.
    if (this.#table.find(endpoint.id) !== endpoint || endpoint.expiresAt > this.#options.clock.now()) return;
    if (there) {
      const renewed = await this.renew(endpoint, endpoint.timeToLive);
      if (renewed.ok || renewed.refusal === 'busy') return;
    }
    await this.remove(endpoint);
    this.#options.onExpired(endpoint);
  }

  #create(request: EndpointRequest): StoredEndpoint {
    const id = this.#options.randomBytes(ID_BYTES).toString('base64url');
    return new StoredEndpoint(id, request.zone, request.organisation.id, owned(request.addresses));
  }

  #fill(endpoint: StoredEndpoint, request: EndpointRequest, registrations: readonly (Registration | undefined)[]): void {
    const { kind, aliases, prefixes, tlsAddress, proof, vendor } = request;
    endpoint.kind = kind;
    // A full registration repeats mostly what is there: then nothing is copied.
    if (!sameKeys(endpoint.aliases, aliases)) {
      // The registry's own strings: they are there as long as we are.
      const keys = aliases.map(({ key }, index) => registrations[index]?.alias ?? ownedString(key));
      endpoint.aliases = keys;
      endpoint.written = aliases.map(({ written }, index) => ownedAlias(written, keys[index] ?? ''));
    }
    if (prefixes.length > 0 || endpoint.prefixes.length > 0) endpoint.prefixes = prefixes.map(ownedString);
    endpoint.tlsAddress = tlsAddress;
    if (endpoint.proof?.user !== proof?.user || endpoint.proof?.method !== proof?.method) endpoint.proof = proof;
    if (endpoint.vendor !== vendor) endpoint.vendor = this.#vendor(vendor);
    endpoint.almostOutOfResources = false;
  }

  /** Ten thousand room systems are of a few makes. */
  #vendor(name: string): string {
    const known = this.#vendors.get(name);
    if (known !== undefined) return known;
    const kept = ownedString(name);
    if (this.#vendors.size < MAX_VENDORS) this.#vendors.set(kept, kept);
    return kept;
  }

  /** `timeToLive` 0: it lasts as long as it did. */
  async #apply(
    token: StoredEndpoint | string,
    changes: readonly RegistrationChange[],
    timeToLive: number,
    done: (registrations: readonly (Registration | undefined)[]) => EndpointResult & { readonly ok: true },
    renewed?: StoredEndpoint,
  ): Promise<EndpointResult> {
    this.#busy.add(token);
    try {
      const result = await this.#options.registrations.applyAll(changes);
      if (!result.ok) return result;
      if (renewed) this.#due.remove(renewed);
      const outcome = done(result.registrations);
      if (renewed) this.#schedule(renewed, timeToLive);
      return outcome;
    } finally {
      this.#busy.delete(token);
    }
  }

  #schedule(endpoint: StoredEndpoint, timeToLive: number): void {
    endpoint.timeToLive = timeToLive;
    endpoint.expiresAt = this.#options.clock.now() + timeToLive * 1000;
    this.#due.add(endpoint, Math.ceil(endpoint.expiresAt / 1000));
  }

  #additions(endpoint: StoredEndpoint, terms: AdditionTerms): RegistrationChange[] {
    const { addresses, organisation, timeToLive, zone, aliases, prefixes, kind } = terms;
    const left = timeToLive > 0 ? timeToLive : Math.ceil((endpoint.expiresAt - this.#options.clock.now()) / 1000);
    const contact = `h323:${hostPort(addresses.signalAddress)}`;
    const expires = Math.max(1, left) + this.#options.graceSeconds;
    const contacts = [{ contact, key: contact, expires, q: 1000, instance: endpoint.id, regId: 1, path: NONE, flow: FLOW }];
    const limits = { organisation: organisation.licences.registrations, total: this.#options.plan().licences.registrations };
    const changes: RegistrationChange[] = [];
    for (const { key } of aliases) changes.push(changeOf(key, organisation.id, zone, contacts, limits, true));
    // Several gateways of a zone may serve one prefix, and are tried in turn.
    if (kind !== 'terminal') {
      for (const prefix of prefixes) changes.push(changeOf(prefixKey(prefix), organisation.id, zone, contacts, limits, false));
    }
    return changes;
  }

  /** What `endpoint` has and `request` no longer names. */
  #removals(endpoint: StoredEndpoint, request: EndpointRequest): RegistrationChange[] {
    const aliases = endpoint.aliases.filter((key) => !request.aliases.some((alias) => alias.key === key));
    const prefixes = endpoint.prefixes.filter((prefix) => !request.prefixes.includes(prefix));
    return this.#releases(endpoint, aliases, prefixes);
  }

  #releases(endpoint: StoredEndpoint, aliases: readonly string[], prefixes: readonly string[]): RegistrationChange[] {
    const { registrations, plan } = this.#options;
    const changes: RegistrationChange[] = [];
    for (const alias of [...aliases, ...prefixes.map(prefixKey)]) {
      // It may have run out, and be somebody else's by now.
      const binding = registrations.index.find(alias)?.bindings.find(({ instance }) => instance === endpoint.id);
      if (!binding) continue;
      const gone = { ...GONE, contact: binding.contact, key: binding.contact, instance: endpoint.id };
      const limits = { organisation: 0, total: plan().licences.registrations };
      changes.push(changeOf(alias, endpoint.organisation, endpoint.zone, [gone], limits, false));
    }
    return changes;
  }

  async #release(endpoint: StoredEndpoint, aliases: readonly string[], prefixes: readonly string[]): Promise<void> {
    const changes = this.#releases(endpoint, aliases, prefixes);
    if (changes.length > 0) await this.#options.registrations.applyAll(changes);
  }

  #organisationOf(endpoint: Endpoint): Organisation | undefined {
    return this.#options.plan().organisations.get(endpoint.organisation);
  }
}

const BUSY: EndpointResult = { ok: false, refusal: 'busy' };
const NONE: readonly never[] = Object.freeze([]);
/** Where the endpoint is reached by RAS stands in the endpoint itself. */
const FLOW = 'udp ras';
const GONE = { expires: 0, q: 1000, regId: 1, path: NONE, flow: FLOW } as const;
/** Vendors and versions that are kept once for all endpoints that have them. */
const MAX_VENDORS = 1000;

type AdditionTerms = Pick<EndpointRequest, 'zone' | 'organisation' | 'kind' | 'prefixes' | 'addresses' | 'timeToLive'> & {
  readonly aliases: readonly { readonly key: string }[];
};

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

function sameKeys(have: readonly string[], want: readonly RequestedAlias[]): boolean {
  return have.length === want.length && have.every((key, index) => key === want[index]?.key);
}

function hostPort({ address, port }: SocketAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Addresses of their own: nothing of a datagram is kept with them, and equal ones are one string. */
function owned({ rasAddress, signalAddress, source, local }: EndpointAddresses): EndpointAddresses {
  const from = { address: source.address, port: source.port };
  return {
    rasAddress: sameSocket(rasAddress, source) ? from : near(rasAddress, from),
    signalAddress: near(signalAddress, from),
    source: from,
    local,
  };
}

function near({ address, port }: SocketAddress, { address: known }: SocketAddress): SocketAddress {
  return { address: address === known ? known : ownedString(address), port };
}

function moved(endpoint: StoredEndpoint, addresses: EndpointAddresses): EndpointAddresses {
  return { ...owned(addresses), signalAddress: endpoint.signalAddress };
}

/** Digits are mostly written as they are kept: then one string serves for both. */
function ownedAlias(alias: AliasAddress, key: string): AliasAddress {
  if (typeof alias.value !== 'string') return structuredClone(alias);
  return { type: alias.type, value: alias.value === key ? key : ownedString(alias.value) } as AliasAddress;
}
