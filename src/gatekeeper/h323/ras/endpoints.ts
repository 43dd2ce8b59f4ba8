import type { Clock } from '../../../clock.js';
import type { RegistrationStore } from '../../../state/store.js';
import type { Organisation, Plan } from '../../plan/plan.js';
import { ownedString } from '../../registry/owned-string.js';
import type { Registration, RegistrationChange } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import { DueLists } from './due-lists.js';
import type { Endpoint, EndpointDirectory } from './endpoint.js';
import { EndpointChanges } from './endpoint-changes.js';
import { ownedAddresses, ownedAlias, VendorNames } from './endpoint-copies.js';
import { type EndpointRequest, type EndpointResult, MAX_ALIASES, type RequestedAlias } from './endpoint-request.js';
import { type EndpointAddresses, EndpointTable, StoredEndpoint } from './endpoint-table.js';
import { type SocketAddress, sameSocket } from './transport-address.js';
import { Turns } from './turns.js';

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
  /** Whether the plan, as it is now, lets the endpoint have what it registered under an earlier one. */
  readonly mayStay: (endpoint: Endpoint) => boolean;
  /** An endpoint is gone because its time was up, or because it did not say that it is there when somebody else wanted its alias. */
  readonly onExpired: (endpoint: Endpoint) => void;
  readonly onFault: (error: unknown) => void;
}

/** 18 bytes are 24 characters in base64url. */
const ID_BYTES = 18;
/** Endpoints looked at in one second at most when their time is up: enough for 100,000 that lost their network at once within some minutes. */
const EXPIRY_BUDGET = 500;
/** An endpoint that could not be ended or renewed, as the store was away, is looked at again after so long. */
const RETRY_SECONDS = 5;
/** Requests of one endpoint that wait for the store at most. */
const MAX_WAITING = 20;

/**
 * Who is registered here by RRQ. The aliases are in the registry, which counts licences and knows all protocols; here is what only RAS and
 * call signalling need of an endpoint. The two change together: first the registry says yes. What concerns one endpoint happens one after
 * the other, so that a URQ finds done what the RRQ before it began.
 */
export class Endpoints implements EndpointDirectory {
  readonly #options: EndpointsOptions;
  readonly #changes: EndpointChanges;
  readonly #table = new EndpointTable();
  readonly #due = new DueLists<StoredEndpoint>();
  readonly #vendors = new VendorNames();
  /** By endpoint, or by the address of a new one. */
  readonly #turns = new Turns<StoredEndpoint | string>();
  /** Endpoints that are asked whether they are there, as somebody else wants an alias of theirs. */
  readonly #doubted = new Set<StoredEndpoint>();
  #planNow: Plan | undefined;
  #planNumber = 0;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#changes = new EndpointChanges({
      index: options.registrations.index,
      plan: options.plan,
      graceSeconds: options.graceSeconds,
    });
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

  /** The device that registered this signalling address from this source, registering anew as the same user. */
  findSame(signalAddress: SocketAddress, source: SocketAddress, user: string | undefined): Endpoint | undefined {
    return this.#table.findSame(signalAddress, source, user);
  }

  atAddress(address: string): readonly Endpoint[] {
    return this.#table.atAddress(address);
  }

  hasAddress(address: string): boolean {
    return this.#table.hasAddress(address);
  }

  values(): IterableIterator<Endpoint> {
    return this.#table.values();
  }

  /**
   * A full registration: takes the place of `earlier` whole, keeping its identifier, or makes a new endpoint. A user that proved its password
   * takes its aliases along to another address; for those of anybody else the holder is asked whether it is still there.
   */
  async register(request: EndpointRequest, earlier: Endpoint | undefined): Promise<EndpointResult> {
    const planNumber = this.#numberOfPlan();
    // Each round takes a registration away.
    for (let left = request.aliases.length; ; left--) {
      const result = await this.#registerInTurn(request, earlier, planNumber);
      if (result.ok || result.refusal !== 'aliasTaken') return result;
      const holder = this.#holderOf(result.alias);
      if (!holder || holder === earlier) return result;
      if (left === 0 || !isSameDevice(holder, request)) {
        this.#doubt(holder);
        return result;
      }
      await this.remove(holder);
    }
  }

  /** Adds aliases and prefixes to what is registered (H.323 §7.2.2.1, additiveRegistration). A terminal has no prefixes. */
  async extend(endpoint: Endpoint, aliases: readonly RequestedAlias[], prefixes: readonly string[]): Promise<EndpointResult> {
    const result = await this.#inTurn(endpoint, (known, organisation) => this.#extend(known, organisation, aliases, prefixes));
    const holder = !result.ok && result.refusal === 'aliasTaken' ? this.#holderOf(result.alias) : undefined;
    if (holder) this.#doubt(holder);
    return result;
  }

  /** A keep-alive: the endpoint and its aliases last for `timeToLive` seconds from now, if the plan still lets it have them. */
  renew(endpoint: Endpoint, timeToLive: number, addresses?: EndpointAddresses): Promise<EndpointResult> {
    return this.#inTurn(endpoint, (known, organisation) => this.#renew(known, organisation, timeToLive, addresses));
  }

  /** Ends a registration; its aliases are free when this settles. */
  async remove(endpoint: Endpoint): Promise<void> {
    const known = this.#table.find(endpoint.id);
    if (known) await this.#turns.take(known, () => this.#remove(known));
  }

  /** Takes single aliases away from an endpoint that keeps others. */
  async removeAliases(endpoint: Endpoint, keys: readonly AliasKey[]): Promise<void> {
    const known = this.#table.find(endpoint.id);
    if (!known) return;
    await this.#turns.take(known, async () => {
      if (this.#table.find(known.id) !== known) return;
      const gone = known.aliases.filter((alias) => keys.includes(alias));
      await this.#release(known, gone, NONE);
      known.written = known.written.filter((_, index) => !gone.includes(known.aliases[index] ?? ''));
      known.aliases = known.aliases.filter((alias) => !gone.includes(alias));
    });
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
      const until = endpoint.expiresAt;
      probe
        .then((there) => this.#probed(endpoint, until, there))
        .catch((error: unknown) => {
          this.#lookAgain(endpoint);
          this.#options.onFault(error);
        });
    }
  }

  async #probed(endpoint: StoredEndpoint, until: number, there: boolean): Promise<void> {
    await this.#turns.take(endpoint, async () => {
      // It registered anew, or unregistered, while it was being asked.
      if (this.#table.find(endpoint.id) !== endpoint || endpoint.expiresAt !== until) return;
      const organisation = there ? this.#organisationOf(endpoint) : undefined;
      if (organisation && (await this.#renew(endpoint, organisation, endpoint.timeToLive)).ok) return;
      await this.#remove(endpoint);
      this.#options.onExpired(endpoint);
    });
  }

  /** Somebody else wants an alias of this endpoint: one that is silent makes room. */
  #doubt(endpoint: StoredEndpoint): void {
    if (this.#doubted.has(endpoint)) return;
    const probe = this.#options.probe(endpoint);
    if (!probe) return;
    this.#doubted.add(endpoint);
    const until = endpoint.expiresAt;
    probe
      .then((there) => (there ? undefined : this.#probed(endpoint, until, false)))
      .catch(this.#options.onFault)
      .finally(() => this.#doubted.delete(endpoint));
  }

  #lookAgain(endpoint: StoredEndpoint): void {
    const now = this.#options.clock.now();
    if (this.#table.find(endpoint.id) !== endpoint || endpoint.expiresAt > now) return;
    this.#due.remove(endpoint);
    this.#due.add(endpoint, Math.floor(now / 1000) + RETRY_SECONDS);
  }

  async #registerInTurn(request: EndpointRequest, earlier: Endpoint | undefined, planNumber: number): Promise<EndpointResult> {
    let known = earlier && this.#table.find(earlier.id);
    for (let tries = 0; tries < MAX_WAITING; tries++) {
      const before = known;
      const there = this.#findSame(request);
      const turn = before
        ? this.#turns.take(before, async () => (this.#isThere(before) ? this.#register(request, before, planNumber) : CHANGED), MAX_WAITING)
        : this.#turns.take(
            addressKey(request),
            async () => (this.#findSame(request) === there ? this.#register(request, undefined, planNumber) : CHANGED),
            MAX_WAITING,
          );
      const result = await turn;
      if (result === undefined) return BUSY;
      if (result !== CHANGED) return result;
      // While it waited the endpoint went, or the same device was registered by an earlier request.
      known = this.#findSame(request);
      if (known && known.zone !== request.zone) return BUSY;
    }
    return BUSY;
  }

  #register(request: EndpointRequest, known: StoredEndpoint | undefined, planNumber: number): Promise<EndpointResult> {
    const endpoint = known ?? this.#create(request);
    const changes = this.#changes.additions(endpoint, request, this.#options.clock.now());
    if (known) changes.push(...this.#changes.removals(known, request));
    return this.#apply(changes, (registrations) => {
      this.#fill(endpoint, request, registrations);
      endpoint.planNumber = planNumber;
      if (known) this.#table.move(known, ownedAddresses(request.addresses));
      else this.#table.add(endpoint);
      this.#schedule(endpoint, request.timeToLive);
      return { ok: true, endpoint, isNew: known === undefined };
    });
  }

  async #extend(
    known: StoredEndpoint,
    organisation: Organisation,
    aliases: readonly RequestedAlias[],
    prefixes: readonly string[],
  ): Promise<EndpointResult> {
    const { zone, kind } = known;
    const news = aliases.filter(({ key }) => !known.aliases.includes(key));
    const newPrefixes = kind === 'terminal' ? NONE : prefixes.filter((prefix) => !known.prefixes.includes(prefix));
    if (known.aliases.length + news.length > MAX_ALIASES || known.prefixes.length + newPrefixes.length > MAX_ALIASES) return TOO_MANY;
    const terms = { zone, organisation, kind, addresses: known, aliases: news, prefixes: newPrefixes, timeToLive: 0 };
    return this.#apply(this.#changes.additions(known, terms, this.#options.clock.now()), () => {
      const keys = news.map(({ key }) => ownedString(key));
      known.aliases = [...known.aliases, ...keys];
      known.written = [...known.written, ...news.map(({ written }, index) => ownedAlias(written, keys[index] ?? ''))];
      known.prefixes = [...known.prefixes, ...newPrefixes.map(ownedString)];
      return { ok: true, endpoint: known, isNew: false };
    });
  }

  async #renew(
    known: StoredEndpoint,
    organisation: Organisation,
    timeToLive: number,
    addresses?: EndpointAddresses,
  ): Promise<EndpointResult> {
    const planNumber = this.#numberOfPlan();
    if (known.planNumber !== planNumber && !this.#options.mayStay(known)) {
      await this.#remove(known);
      return GONE;
    }
    const { zone, kind, prefixes } = known;
    const aliases = known.aliases.map((key) => ({ key }));
    const terms = { zone, organisation, kind, aliases, prefixes, addresses: addresses ?? known, timeToLive };
    return this.#apply(this.#changes.additions(known, terms, this.#options.clock.now()), () => {
      known.planNumber = planNumber;
      if (addresses) this.#table.move(known, { ...ownedAddresses(addresses), signalAddress: known.signalAddress });
      this.#schedule(known, timeToLive);
      return { ok: true, endpoint: known, isNew: false };
    });
  }

  /** The registry first: should the store be away, the endpoint stays and can be ended later. */
  async #remove(known: StoredEndpoint): Promise<void> {
    if (!this.#isThere(known)) return;
    await this.#release(known, known.aliases, known.prefixes);
    this.#table.remove(known);
    this.#due.remove(known);
  }

  #create(request: EndpointRequest): StoredEndpoint {
    const id = this.#options.randomBytes(ID_BYTES).toString('base64url');
    return new StoredEndpoint(id, request.zone, request.organisation.id, ownedAddresses(request.addresses));
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
    if (endpoint.vendor !== vendor) endpoint.vendor = this.#vendors.owned(vendor);
    endpoint.almostOutOfResources = false;
  }

  async #apply(
    changes: readonly RegistrationChange[],
    done: (registrations: readonly (Registration | undefined)[]) => EndpointResult,
  ): Promise<EndpointResult> {
    const result = await this.#options.registrations.applyAll(changes);
    return result.ok ? done(result.registrations) : result;
  }

  #schedule(endpoint: StoredEndpoint, timeToLive: number): void {
    this.#due.remove(endpoint);
    endpoint.timeToLive = timeToLive;
    endpoint.expiresAt = this.#options.clock.now() + timeToLive * 1000;
    this.#due.add(endpoint, Math.ceil(endpoint.expiresAt / 1000));
  }

  async #release(endpoint: StoredEndpoint, aliases: readonly string[], prefixes: readonly string[]): Promise<void> {
    const changes = this.#changes.releases(endpoint, aliases, prefixes);
    if (changes.length > 0) await this.#options.registrations.applyAll(changes);
  }

  async #inTurn(
    endpoint: Endpoint,
    work: (known: StoredEndpoint, organisation: Organisation) => Promise<EndpointResult>,
  ): Promise<EndpointResult> {
    const known = this.#table.find(endpoint.id);
    if (!known) return GONE;
    const turn = this.#turns.take(
      known,
      async () => {
        const organisation = this.#organisationOf(known);
        return organisation && this.#isThere(known) ? work(known, organisation) : GONE;
      },
      MAX_WAITING,
    );
    return (await turn) ?? BUSY;
  }

  #isThere(endpoint: StoredEndpoint): boolean {
    return this.#table.find(endpoint.id) === endpoint;
  }

  #findSame({ addresses, proof }: EndpointRequest): StoredEndpoint | undefined {
    return this.#table.findSame(addresses.signalAddress, addresses.source, proof?.user);
  }

  /** The endpoint that has an alias; undefined: it is registered over SIP. */
  #holderOf(alias: string): StoredEndpoint | undefined {
    const [binding] = this.#options.registrations.index.find(alias)?.bindings ?? [];
    return binding && this.#table.find(binding.instance);
  }

  #organisationOf(endpoint: Endpoint): Organisation | undefined {
    return this.#options.plan().organisations.get(endpoint.organisation);
  }

  /** One more with each plan: so that an endpoint, which notes it, does not keep an old plan in memory. */
  #numberOfPlan(): number {
    const plan = this.#options.plan();
    if (plan !== this.#planNow) this.#planNumber += 1;
    this.#planNow = plan;
    return this.#planNumber;
  }
}

const BUSY: EndpointResult = { ok: false, refusal: 'busy' };
const GONE: EndpointResult = { ok: false, refusal: 'gone' };
const TOO_MANY: EndpointResult = { ok: false, refusal: 'tooMany' };
const CHANGED = 'changed';
const NONE: readonly never[] = Object.freeze([]);

/** Whether a holder of an alias is who asks for it now, after a restart or at another address: one user, or without passwords one socket. */
function isSameDevice({ proof, source }: Endpoint, { proof: other, addresses }: EndpointRequest): boolean {
  if (proof || other) return proof?.user === other?.user;
  return sameSocket(source, addresses.source);
}

/** What a new endpoint waits for its turn by. */
function addressKey({ addresses: { signalAddress, source }, proof }: EndpointRequest): string {
  return `${signalAddress.address} ${signalAddress.port} ${source.address} ${proof?.user ?? ''}`;
}

function sameKeys(have: readonly string[], want: readonly RequestedAlias[]): boolean {
  return have.length === want.length && have.every((key, index) => key === want[index]?.key);
}
