import { ownedString } from '../../registry/owned-string.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { Due } from './due-lists.js';
import type { Endpoint, EndpointDirectory, EndpointKind, Proof } from './endpoint.js';
import type { SocketAddress } from './transport-address.js';

/** An endpoint as this process keeps it. Its strings are its own: none is a window onto a message. */
export class StoredEndpoint implements Endpoint, Due<StoredEndpoint> {
  readonly id: string;
  readonly zone: string;
  readonly organisation: string;
  kind: EndpointKind = 'terminal';
  aliases: readonly string[] = NONE;
  written: readonly AliasAddress[] = NONE;
  prefixes: readonly string[] = NONE;
  rasAddress: SocketAddress;
  signalAddress: SocketAddress;
  tlsAddress: SocketAddress | undefined = undefined;
  source: SocketAddress;
  local: SocketAddress;
  proof: Proof | undefined = undefined;
  tokenTime = 0;
  timeToLive = 0;
  expiresAt = 0;
  almostOutOfResources = false;
  supportsAltGk = false;
  vendor = '';
  /** The plan that the aliases were judged by last, as `Endpoints` counts them. */
  planNumber = 0;
  dueSecond = 0;
  nextDue: StoredEndpoint | undefined = undefined;
  previousDue: StoredEndpoint | undefined = undefined;

  constructor(id: string, zone: string, organisation: string, addresses: EndpointAddresses) {
    this.id = id;
    this.zone = zone;
    this.organisation = organisation;
    this.rasAddress = addresses.rasAddress;
    this.signalAddress = addresses.signalAddress;
    this.source = addresses.source;
    this.local = addresses.local;
  }
}

export interface EndpointAddresses {
  readonly rasAddress: SocketAddress;
  readonly signalAddress: SocketAddress;
  readonly source: SocketAddress;
  readonly local: SocketAddress;
}

const NONE: readonly never[] = Object.freeze([]);

/** The endpoints of this process, by identifier and by address. */
export class EndpointTable implements EndpointDirectory {
  readonly #byId = new Map<string, StoredEndpoint>();
  readonly #bySignal = new Map<string, StoredEndpoint>();
  /** One endpoint alone stands there itself: that is the rule, and a set for each would cost more than the endpoint. */
  readonly #byAddress = new Map<string, StoredEndpoint | Set<StoredEndpoint>>();

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): StoredEndpoint | undefined {
    return this.#byId.get(id);
  }

  findBySignalAddress({ address, port }: SocketAddress): StoredEndpoint | undefined {
    return this.#bySignal.get(`${address} ${port}`);
  }

  /**
   * The endpoint that registered this signalling address from this source as this user, or without a password: the same device, registering
   * anew. Another user's device may have the same private address behind the same NAT.
   */
  findSame(signalAddress: SocketAddress, source: SocketAddress, user: string | undefined): StoredEndpoint | undefined {
    const found = this.#bySignal.get(signalKey(signalAddress, source, user));
    return found?.proof?.user === user ? found : undefined;
  }

  atAddress(address: string): readonly StoredEndpoint[] {
    const found = this.#byAddress.get(address);
    if (found === undefined) return NONE;
    return found instanceof StoredEndpoint ? [found] : [...found];
  }

  hasAddress(address: string): boolean {
    return this.#byAddress.has(address);
  }

  values(): IterableIterator<StoredEndpoint> {
    return this.#byId.values();
  }

  add(endpoint: StoredEndpoint): void {
    this.#byId.set(endpoint.id, endpoint);
    this.#index(endpoint);
  }

  remove(endpoint: StoredEndpoint): void {
    this.#byId.delete(endpoint.id);
    this.#unindex(endpoint);
  }

  /** Gives an endpoint other addresses, keeping what it is found by in step. */
  move(endpoint: StoredEndpoint, { rasAddress, signalAddress, source, local }: EndpointAddresses): void {
    const keep =
      same(endpoint.signalAddress, signalAddress) &&
      same(endpoint.source, source) &&
      this.findSame(signalAddress, source, endpoint.proof?.user) === endpoint;
    if (!keep) this.#unindex(endpoint);
    endpoint.local = local;
    if (!same(endpoint.rasAddress, rasAddress)) endpoint.rasAddress = rasAddress;
    if (keep) return;
    endpoint.signalAddress = signalAddress;
    endpoint.source = source;
    this.#index(endpoint);
  }

  #index(endpoint: StoredEndpoint): void {
    const { signalAddress, source, proof } = endpoint;
    // A key put together is kept in its parts as well, unless it is copied.
    this.#bySignal.set(ownedString(signalKey(signalAddress, source, proof?.user)), endpoint);
    this.#addAt(source.address, endpoint);
    if (signalAddress.address !== source.address) this.#addAt(signalAddress.address, endpoint);
  }

  #unindex(endpoint: StoredEndpoint): void {
    const { signalAddress, source, proof } = endpoint;
    const key = signalKey(signalAddress, source, proof?.user);
    if (this.#bySignal.get(key) === endpoint) this.#bySignal.delete(key);
    this.#removeAt(source.address, endpoint);
    if (signalAddress.address !== source.address) this.#removeAt(signalAddress.address, endpoint);
  }

  #addAt(address: string, endpoint: StoredEndpoint): void {
    const there = this.#byAddress.get(address);
    if (there === undefined) this.#byAddress.set(address, endpoint);
    else if (there instanceof Set) there.add(endpoint);
    else if (there !== endpoint) this.#byAddress.set(address, new Set([there, endpoint]));
  }

  #removeAt(address: string, endpoint: StoredEndpoint): void {
    const there = this.#byAddress.get(address);
    if (there === endpoint) this.#byAddress.delete(address);
    if (!(there instanceof Set)) return;
    there.delete(endpoint);
    const [last, another] = there;
    if (last && !another) this.#byAddress.set(address, last);
  }
}

/**
 * Behind different NATs the same private addresses are used again and again, and behind a carrier's NAT two customers with one public address
 * may have the same: then the source and the user belong to the key.
 */
function signalKey(signal: SocketAddress, source: SocketAddress, user: string | undefined): string {
  const key = `${signal.address} ${signal.port}`;
  return signal.address === source.address ? key : `${key} ${source.address} ${user ?? ''}`;
}

function same(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.address === b.address;
}
