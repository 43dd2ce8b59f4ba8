import type { Clock } from '../../../clock.js';
import type { EndpointStore } from '../../../state/endpoint-store.js';
import type { HintStore, MemberStore } from '../../../state/member-store.js';
import type { RegistrationStore } from '../../../state/store.js';
import type { Organisation, Plan } from '../../plan/plan.js';
import { ownedString } from '../../registry/owned-string.js';
import type { Binding, Registration, RegistrationChange } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import type { Endpoint, EndpointDirectory } from './endpoint.js';
import type { Reached } from './endpoint-binding.js';
import { EndpointChanges } from './endpoint-changes.js';
import { ownedAddresses, ownedAlias, VendorNames } from './endpoint-copies.js';
import type { EndpointState } from './endpoint-json.js';
import { type EndpointRequest, type EndpointResult, MAX_ALIASES, type RequestedAlias } from './endpoint-request.js';
import { type EndpointAddresses, EndpointTable, StoredEndpoint } from './endpoint-table.js';
import { EndpointWatch } from './endpoint-watch.js';
import { EndpointsElsewhere } from './endpoints-elsewhere.js';
import { isSameDevice, mayMove, type Sender } from './same-device.js';
import { type SocketAddress, sameSocket } from './transport-address.js';
import { Turns } from './turns.js';

export interface EndpointsOptions {
  readonly registrations: RegistrationStore;
  /** Endpoints of other instances; absent: there are none. */
  readonly shared?: { readonly endpoints: EndpointStore; readonly members: MemberStore } | undefined;
  readonly hints: HintStore;
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

/** What a keep-alive brings. */
export interface Renewal {
  /** It comes from there now; undefined: as before. */
  readonly addresses?: EndpointAddresses | undefined;
  /** Seconds since 1970, as its token says. */
  readonly tokenTime?: number;
}

/** 18 bytes are 24 characters in base64url. */
const ID_BYTES = 18;
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
  readonly #watch: EndpointWatch;
  readonly #vendors = new VendorNames();
  /** Absent: there are no other instances. */
  readonly #elsewhere: EndpointsElsewhere | undefined;
  /** By endpoint, or by the address of a new one. */
  readonly #turns = new Turns<StoredEndpoint | string>();
  #planNow: Plan | undefined;
  #planNumber = 0;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#changes = new EndpointChanges({
      index: options.registrations.index,
      plan: options.plan,
      graceSeconds: options.graceSeconds,
      isShared: options.shared !== undefined,
    });
    const { shared, hints, clock, probe, onFault, registrations, graceSeconds } = options;
    this.#watch = new EndpointWatch({
      clock,
      probe,
      onProbed: (endpoint, until, there) => this.#probed(endpoint, until, there),
      isThere: (endpoint) => this.#isThere(endpoint),
      onFault,
    });
    this.#elsewhere =
      shared &&
      new EndpointsElsewhere({
        shared,
        hints,
        registrations,
        graceSeconds,
        clock,
        table: this.#table,
        watch: this.#watch,
        vendors: this.#vendors,
        onMoved: (id) => this.#moved(id),
        onDoubted: (id) => this.#doubtHere(id),
        onLapsed: async (endpoint) => {
          await this.#release(endpoint, endpoint.aliases, endpoint.prefixes);
          options.onExpired(endpoint);
        },
      });
  }

  get size(): number {
    return this.#table.size;
  }

  find(id: string): Endpoint | undefined {
    return this.#table.find(id);
  }

  findBySignalAddress(address: SocketAddress): EndpointState | undefined {
    const isThere = ({ signalAddress, source }: EndpointState) =>
      sameSocket(signalAddress, address) && source.address === signalAddress.address;
    return this.#table.findBySignalAddress(address) ?? this.#elsewhere?.at(address.address).find(isThere);
  }

  /** The device that registered this signalling address from this source, registering anew as the same user. */
  findSame(signalAddress: SocketAddress, source: SocketAddress, user: string | undefined): Endpoint | undefined {
    return this.#table.findSame(signalAddress, source, user);
  }

  atAddress(address: string): readonly EndpointState[] {
    const there = this.#elsewhere?.at(address) ?? NONE;
    return there.length === 0 ? this.#table.atAddress(address) : [...this.#table.atAddress(address), ...there];
  }

  hasAddress(address: string): boolean {
    return this.#table.hasAddress(address) || this.#elsewhere?.hasAddress(address) === true;
  }

  values(): IterableIterator<Endpoint> {
    return this.#table.values();
  }

  /**
   * An endpoint that is not here turns to us, and may be another instance's: is it to be ours from now on? It is when `judge`, who is told
   * what is known of it, finds that the request is its own: a stranger who names an identifier must not move whose it is.
   * `here`: it is ours. `unknown`: it is nobody's, or not the sender's. `busy`: so much is being asked that this was not; to be sent again.
   * @param isProven it is known already who sends the request, by its address or its password
   */
  async arrive(
    id: string,
    at: { readonly from: SocketAddress; readonly local: SocketAddress },
    judge: (there: EndpointState) => boolean,
    isProven: boolean,
  ): Promise<'here' | 'unknown' | 'busy'> {
    if (this.#elsewhere) return this.#elsewhere.arrive(id, at, judge, isProven);
    return this.#table.find(id) ? 'here' : 'unknown';
  }

  /** Whether an endpoint that names itself so could be another instance's. Without `source`: whatever strangers there asked before. */
  mayBeElsewhere(id: string, source?: string): boolean {
    return this.#elsewhere?.mayBe(id, source) === true;
  }

  /** An endpoint that is no instance's, by what its bindings say, and is asked whether it is there. */
  asked(id: string): Endpoint | undefined {
    return this.#table.find(id) ? undefined : this.#watch.doubted(id);
  }

  /** What is known of an endpoint of another instance, for a call to it. */
  elsewhere(registration: Registration, binding: Binding): Promise<EndpointState | undefined> {
    return this.#elsewhere?.read(registration, binding) ?? Promise.resolve(undefined);
  }

  /** Whether this sender's token may be taken for the endpoint's, from wherever it comes. */
  mayMove(endpoint: Sender, sender: Sender): boolean {
    return this.#elsewhere === undefined || mayMove(endpoint, sender, this.#options.clock.now());
  }

  /** Hears no more of other instances. Registrations stay where they are. */
  close(): void {
    this.#elsewhere?.close();
  }

  /**
   * A full registration: takes the place of `found` whole, keeping its identifier, or makes a new endpoint. A user that proved its password
   * takes its aliases along to another address; for those of anybody else the holder is asked whether it is still there.
   */
  async register(request: EndpointRequest, found: Endpoint | undefined): Promise<EndpointResult> {
    let earlier = found;
    const planNumber = this.#numberOfPlan();
    // Each round takes a registration away.
    for (let left = request.aliases.length; ; left--) {
      const result = await this.#registerInTurn(request, earlier, planNumber);
      if (result.ok || result.refusal !== 'aliasTaken') return result;
      const sender: Sender = { source: request.addresses.source, proof: request.proof, tokenTime: request.tokenTime };
      const isSame = (holder: Sender): boolean => isSameDevice(holder, sender) && this.mayMove(holder, sender);
      const holder = await this.#holderOf(result.alias, request.addresses, isSame);
      if (holder === 'busy') return BUSY;
      if (!holder || holder === earlier) return result;
      if (left === 0 || !isSame(holder)) {
        this.#watch.doubt(holder);
        return result;
      }
      // One that came over from another instance may be the very same registration: then it keeps its identifier.
      if (!earlier && holder.zone === request.zone && this.#findSame(request) === holder) earlier = holder;
      else await this.remove(holder);
    }
  }

  /** Adds aliases and prefixes to what is registered (H.323 §7.2.2.1, additiveRegistration). A terminal has no prefixes. */
  async extend(endpoint: Endpoint, aliases: readonly RequestedAlias[], prefixes: readonly string[]): Promise<EndpointResult> {
    const result = await this.#inTurn(endpoint, (known, organisation) => this.#extend(known, organisation, aliases, prefixes));
    if (result.ok || result.refusal !== 'aliasTaken') return result;
    const holder = await this.#holderOf(result.alias, endpoint, () => false);
    if (holder === 'busy') return BUSY;
    if (holder) this.#watch.doubt(holder);
    return result;
  }

  /** A keep-alive: the endpoint and its aliases last for `timeToLive` seconds from now, if the plan still lets it have them. */
  renew(endpoint: Endpoint, timeToLive: number, renewal: Renewal = {}): Promise<EndpointResult> {
    return this.#inTurn(endpoint, (known, organisation) => this.#renew(known, organisation, timeToLive, renewal));
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
      this.#tell(known);
    });
  }

  setResources(endpoint: Endpoint, almostOutOfResources: boolean): void {
    const known = this.#table.find(endpoint.id);
    if (!known || known.almostOutOfResources === almostOutOfResources) return;
    known.almostOutOfResources = almostOutOfResources;
    this.#tell(known);
  }

  /** Asks those whose time is up, and ends those that do not answer. To be called once a second. */
  expire(): void {
    this.#watch.expire();
  }

  async #probed(endpoint: StoredEndpoint, until: number, there: boolean): Promise<void> {
    await this.#turns.take(endpoint, async () => {
      // It registered anew, or unregistered, while it was being asked.
      if (this.#table.find(endpoint.id) !== endpoint || endpoint.expiresAt !== until) return;
      const organisation = there && !this.#isOutdated(endpoint) ? this.#organisationOf(endpoint) : undefined;
      if (organisation && (await this.#renew(endpoint, organisation, endpoint.timeToLive)).ok) return;
      if (await this.#remove(endpoint)) this.#options.onExpired(endpoint);
    });
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
    const reached = {
      ...request.addresses,
      tlsAddress: request.tlsAddress,
      proof: request.proof,
      tokenTime: Math.max(endpoint.tokenTime, request.tokenTime),
    };
    const changes = this.#changes.additions(endpoint, { ...request, reached }, this.#options.clock.now());
    if (known) changes.push(...this.#changes.removals(known, request));
    return this.#apply(changes, (registrations) => {
      if (known && !this.#isThere(known)) return GONE;
      this.#fill(endpoint, request, registrations);
      endpoint.planNumber = planNumber;
      if (known) this.#table.move(known, ownedAddresses(request.addresses));
      else this.#table.add(endpoint);
      this.#schedule(endpoint, request.timeToLive);
      this.#tell(endpoint);
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
    const terms = { zone, organisation, kind, reached: known, aliases: news, prefixes: newPrefixes, timeToLive: 0 };
    return this.#apply(this.#changes.additions(known, terms, this.#options.clock.now()), () => {
      const keys = news.map(({ key }) => ownedString(key));
      known.aliases = [...known.aliases, ...keys];
      known.written = [...known.written, ...news.map(({ written }, index) => ownedAlias(written, keys[index] ?? ''))];
      known.prefixes = [...known.prefixes, ...newPrefixes.map(ownedString)];
      this.#tell(known);
      return { ok: true, endpoint: known, isNew: false };
    });
  }

  async #renew(
    known: StoredEndpoint,
    organisation: Organisation,
    timeToLive: number,
    { addresses, tokenTime = 0 }: Renewal = {},
  ): Promise<EndpointResult> {
    const planNumber = this.#numberOfPlan();
    if (this.#isOutdated(known)) {
      await this.#remove(known);
      return GONE;
    }
    const { zone, kind, prefixes } = known;
    const aliases = known.aliases.map((key) => ({ key }));
    const { signalAddress, tlsAddress, source, proof } = known;
    const reached: Reached = {
      signalAddress,
      tlsAddress,
      source: addresses?.source ?? source,
      proof,
      tokenTime: Math.max(known.tokenTime, tokenTime),
    };
    const terms = { zone, organisation, kind, aliases, prefixes, reached, timeToLive };
    return this.#apply(this.#changes.additions(known, terms, this.#options.clock.now()), () => {
      // Another instance may have taken it meanwhile.
      if (!this.#isThere(known)) return GONE;
      known.planNumber = planNumber;
      known.tokenTime = Math.max(known.tokenTime, tokenTime);
      if (addresses) this.#table.move(known, { ...ownedAddresses(addresses), signalAddress: known.signalAddress });
      this.#schedule(known, timeToLive);
      this.#tell(known);
      return { ok: true, endpoint: known, isNew: false };
    });
  }

  /** The registry first: should the store be away, the endpoint stays and can be ended later. False: it was ours no longer. */
  async #remove(known: StoredEndpoint): Promise<boolean> {
    if (!this.#isThere(known)) return false;
    // What has moved to another instance is no longer ours to take away.
    const isOurs = ((await this.#elsewhere?.remove(known.id)) ?? true) && this.#isThere(known);
    if (isOurs) await this.#release(known, known.aliases, known.prefixes);
    this.#drop(known);
    return isOurs;
  }

  #drop(known: StoredEndpoint): void {
    if (!this.#isThere(known)) return;
    this.#table.remove(known);
    this.#watch.forget(known);
  }

  /** Another instance has it: its registration goes on there, and nobody is told. */
  #moved(id: string): void {
    const known = this.#table.find(id);
    if (known) this.#drop(known);
  }

  #doubtHere(id: string): void {
    const known = this.#table.find(id);
    if (known) this.#watch.doubt(known);
  }

  #tell(endpoint: StoredEndpoint): void {
    if (this.#isThere(endpoint)) this.#elsewhere?.tell(endpoint);
  }

  #create(request: EndpointRequest): StoredEndpoint {
    const id = this.#options.randomBytes(ID_BYTES).toString('base64url');
    return new StoredEndpoint(id, request.zone, request.organisation.id, ownedAddresses(request.addresses));
  }

  #fill(endpoint: StoredEndpoint, request: EndpointRequest, registrations: readonly (Registration | undefined)[]): void {
    const { kind, aliases, prefixes, tlsAddress, proof, vendor, supportsAltGk, tokenTime } = request;
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
    endpoint.supportsAltGk = supportsAltGk;
    endpoint.tokenTime = Math.max(endpoint.tokenTime, tokenTime);
  }

  async #apply(
    changes: readonly RegistrationChange[],
    done: (registrations: readonly (Registration | undefined)[]) => EndpointResult,
  ): Promise<EndpointResult> {
    const result = await this.#options.registrations.applyAll(changes);
    return result.ok ? done(result.registrations) : result;
  }

  #schedule(endpoint: StoredEndpoint, timeToLive: number): void {
    endpoint.timeToLive = timeToLive;
    endpoint.expiresAt = this.#options.clock.now() + timeToLive * 1000;
    this.#watch.schedule(endpoint);
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

  /** Whether the plan of now does not let it have what it registered under an earlier one. */
  #isOutdated(endpoint: StoredEndpoint): boolean {
    return endpoint.planNumber !== this.#numberOfPlan() && !this.#options.mayStay(endpoint);
  }

  #isThere(endpoint: StoredEndpoint): boolean {
    return this.#table.find(endpoint.id) === endpoint;
  }

  #findSame({ addresses, proof }: EndpointRequest): StoredEndpoint | undefined {
    return this.#table.findSame(addresses.signalAddress, addresses.source, proof?.user);
  }

  /** The endpoint that has an alias, here or brought here; undefined: it is registered over SIP, or another instance's affair. */
  async #holderOf(
    alias: string,
    at: Pick<EndpointAddresses, 'source' | 'local'>,
    isSame: (holder: EndpointState) => boolean,
  ): Promise<StoredEndpoint | 'busy' | undefined> {
    const registration = this.#options.registrations.index.find(alias);
    const id = registration?.protocol === 'h323' ? registration.bindings[0]?.instance : undefined;
    return id === undefined ? undefined : (this.#table.find(id) ?? this.#elsewhere?.holder(alias, id, at, isSame));
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

/** What a new endpoint waits for its turn by. */
function addressKey({ addresses: { signalAddress, source }, proof }: EndpointRequest): string {
  return `${signalAddress.address} ${signalAddress.port} ${source.address} ${proof?.user ?? ''}`;
}

function sameKeys(have: readonly string[], want: readonly RequestedAlias[]): boolean {
  return have.length === want.length && have.every((key, index) => key === want[index]?.key);
}
