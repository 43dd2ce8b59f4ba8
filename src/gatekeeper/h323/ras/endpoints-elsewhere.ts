import type { Clock } from '../../../clock.js';
import type { EndpointStore } from '../../../state/endpoint-store.js';
import type { HintStore, MemberStore } from '../../../state/member-store.js';
import type { RegistrationStore } from '../../../state/store.js';
import type { Binding, Registration } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import type { Endpoint } from './endpoint.js';
import { boundEndpoint, hostsOf } from './endpoint-binding.js';
import { restoredEndpoint, type VendorNames } from './endpoint-copies.js';
import type { EndpointState } from './endpoint-json.js';
import { EndpointSharing } from './endpoint-sharing.js';
import type { EndpointTable, StoredEndpoint } from './endpoint-table.js';
import type { EndpointWatch } from './endpoint-watch.js';
import { RegisteredAddresses } from './registered-addresses.js';
import type { SocketAddress } from './transport-address.js';

export interface EndpointsElsewhereOptions {
  readonly shared: { readonly endpoints: EndpointStore; readonly members: MemberStore };
  readonly hints: HintStore;
  readonly registrations: RegistrationStore;
  readonly graceSeconds: number;
  readonly clock: Clock;
  readonly table: EndpointTable;
  readonly watch: EndpointWatch;
  readonly vendors: VendorNames;
  /** An endpoint of this instance is another's now. */
  readonly onMoved: (id: string) => void;
  /** Somebody at another instance wants an alias of this endpoint, which is perhaps here. */
  readonly onDoubted: (id: string) => void;
  /** No instance has it, and it is silent: its aliases are to be freed. */
  readonly onLapsed: (endpoint: StoredEndpoint) => Promise<void>;
}

/** The endpoints that are registered at other instances, or at none that lives: how they are found, and how they come here. */
export class EndpointsElsewhere {
  readonly #options: EndpointsElsewhereOptions;
  readonly #sharing: EndpointSharing;
  readonly #addresses: RegisteredAddresses;

  constructor(options: EndpointsElsewhereOptions) {
    this.#options = options;
    const { shared, hints, clock, onMoved, onDoubted, registrations, graceSeconds } = options;
    const { endpoints: store, members } = shared;
    this.#sharing = new EndpointSharing({ store, hints, members, clock, onMoved, onDoubted });
    this.#addresses = new RegisteredAddresses({ registrations, graceSeconds });
  }

  /** `Endpoints.arrive`. */
  async arrive(
    id: string,
    { from, local }: { readonly from: SocketAddress; readonly local: SocketAddress },
    judge: (there: EndpointState) => boolean,
    isProven: boolean,
  ): Promise<'here' | 'unknown' | 'busy'> {
    const { table } = this.#options;
    if (table.find(id)) return 'here';
    const known = await this.#sharing.look(id, from.address, isProven);
    if (table.find(id)) return 'here';
    if (known === 'busy') return known;
    if (typeof known === 'string' || !known.state || !judge(known.state)) return 'unknown';
    return (await this.#take(id, local)) ? 'here' : 'unknown';
  }

  /** Whether an endpoint that names itself so could be there. Without `source`: whatever strangers at that IP address asked before. */
  mayBe(id: string, source?: string): boolean {
    return !this.#options.table.find(id) && (source === undefined || !this.#sharing.isUnknown(id, source));
  }

  /** What is known of an endpoint, for a call to it: what its binding says when nothing else can be learnt now. */
  async read(registration: Registration, binding: Binding): Promise<EndpointState | undefined> {
    const found = await this.#sharing.read(binding.instance);
    const state = typeof found === 'string' ? undefined : found.state;
    return state ?? boundEndpoint(registration, binding, this.#options.graceSeconds);
  }

  /** Those at an IP address, by what the registry says of them. */
  at(address: string): readonly EndpointState[] {
    const all = this.#addresses.at(address);
    return all.length === 0 ? all : all.filter(({ id }) => this.#options.table.find(id) === undefined);
  }

  hasAddress(address: string): boolean {
    return this.#addresses.has(address);
  }

  /**
   * The endpoint `id` that has an alias which somebody here wants. It is ours from now on when it is who asks, or when no living instance has
   * it; otherwise whoever has it is to ask it whether it is there, and this is undefined.
   */
  async holder(
    alias: AliasKey,
    id: string,
    { source, local }: Pick<Endpoint, 'source' | 'local'>,
    isSame: (holder: EndpointState) => boolean,
  ): Promise<StoredEndpoint | 'busy' | undefined> {
    const known = await this.#sharing.look(id, source.address, true);
    const there = this.#options.table.find(id);
    if (there) return there;
    if (known === 'busy') return known;
    if (typeof known !== 'string') {
      const { state, isLost } = known;
      if (state && (isLost || isSame(state))) return this.#take(id, local);
      this.#sharing.doubt(id);
      return undefined;
    }
    const bound = this.#boundTo(alias, id);
    if (!bound) return undefined;
    const endpoint = restoredEndpoint(bound, local, this.#options.vendors);
    if (isSame(bound)) return this.#adopt(endpoint);
    if (known === 'unknown') this.#askLost(endpoint);
    return undefined;
  }

  /** Tells the others of an endpoint of ours, or of news in it. */
  tell(endpoint: Endpoint): void {
    this.#sharing.tell(endpoint);
  }

  /** False: another instance has it, and its aliases are not ours to take away. */
  remove(id: string): Promise<boolean> {
    return this.#sharing.remove(id);
  }

  /** Hears no more of them. */
  close(): void {
    this.#sharing.close();
    this.#addresses.close();
  }

  async #take(id: string, local: SocketAddress): Promise<StoredEndpoint | undefined> {
    const { table, vendors } = this.#options;
    const state = await this.#sharing.take(id);
    const there = table.find(id);
    return there || !state ? there : this.#add(restoredEndpoint(state, local, vendors));
  }

  /** The store has forgotten it, or is away. Its bindings tell that it is who asks; the rest is in the full RRQ that it sent. */
  #adopt(endpoint: StoredEndpoint): StoredEndpoint {
    endpoint.timeToLive = Math.max(1, Math.ceil((endpoint.expiresAt - this.#options.clock.now()) / 1000));
    return this.#add(endpoint);
  }

  #add(endpoint: StoredEndpoint): StoredEndpoint {
    const { table, watch } = this.#options;
    table.add(endpoint);
    watch.schedule(endpoint);
    this.#sharing.tell(endpoint);
    return endpoint;
  }

  #askLost(endpoint: StoredEndpoint): void {
    const { table, watch, onLapsed } = this.#options;
    watch.doubt(endpoint, async () => {
      if (!table.find(endpoint.id) && (await this.#sharing.read(endpoint.id)) === 'unknown') await onLapsed(endpoint);
    });
  }

  /** What the registry says of the endpoint that has an alias: with all its aliases. */
  #boundTo(alias: AliasKey, id: string): EndpointState | undefined {
    const binding = this.#options.registrations.index.find(alias)?.bindings.find(({ instance }) => instance === id);
    const [host = ''] = binding ? hostsOf(binding) : [];
    return this.at(host).find((endpoint) => endpoint.id === id);
  }
}
