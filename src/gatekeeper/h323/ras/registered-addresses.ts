import type { RegistrationStore } from '../../../state/store.js';
import { ownedString } from '../../registry/owned-string.js';
import type { Registration } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import { boundEndpoint, hostsOf, together } from './endpoint-binding.js';
import type { EndpointState } from './endpoint-json.js';

export interface RegisteredAddressesOptions {
  readonly registrations: RegistrationStore;
  readonly graceSeconds: number;
}

/** Which IP addresses the H.323 endpoints of all instances have, by what the registry says of their aliases. Local, and as fresh as that is. */
export class RegisteredAddresses {
  readonly #options: RegisteredAddressesOptions;
  /** One alias alone stands there itself: that is the rule. */
  readonly #aliases = new Map<string, AliasKey | Set<AliasKey>>();
  /** The addresses by which each alias stands there. */
  readonly #hosts = new Map<AliasKey, readonly string[]>();
  readonly #stop: () => void;

  constructor(options: RegisteredAddressesOptions) {
    this.#options = options;
    const { registrations } = options;
    for (const registration of registrations.all()) this.#changed(registration.alias, registration);
    this.#stop = registrations.onChange((alias, registration) => this.#changed(alias, registration));
  }

  has(address: string): boolean {
    return this.#aliases.has(address);
  }

  /** Endpoints whose calls go to this address, or whose RRQ came from there. */
  at(address: string): readonly EndpointState[] {
    const there = this.#aliases.get(address);
    if (there === undefined) return NONE;
    const { registrations, graceSeconds } = this.#options;
    const found = new Map<string, EndpointState>();
    for (const alias of typeof there === 'string' ? [there] : there) {
      const registration = registrations.index.find(alias);
      for (const binding of registration?.bindings ?? NONE) {
        const endpoint =
          registration && hostsOf(binding).includes(address) ? boundEndpoint(registration, binding, graceSeconds) : undefined;
        if (!endpoint) continue;
        const known = found.get(endpoint.id);
        found.set(endpoint.id, known ? together(known, endpoint) : endpoint);
      }
    }
    return [...found.values()];
  }

  close(): void {
    this.#stop();
  }

  #changed(alias: AliasKey, registration: Registration | undefined): void {
    const before = this.#hosts.get(alias);
    const isOurs = registration?.protocol === 'h323';
    if (!before && !isOurs) return;
    const after = isOurs ? hostsIn(registration) : NONE;
    if (before && sameHosts(before, after)) return;
    for (const host of before ?? NONE) this.#remove(host, alias);
    if (!isOurs) {
      this.#hosts.delete(alias);
      return;
    }
    const kept = after.map(ownedString);
    this.#hosts.set(registration.alias, kept);
    for (const host of kept) this.#add(host, registration.alias);
  }

  #add(host: string, alias: AliasKey): void {
    const there = this.#aliases.get(host);
    if (there === undefined) this.#aliases.set(host, alias);
    else if (typeof there !== 'string') there.add(alias);
    else this.#aliases.set(host, new Set([there, alias]));
  }

  #remove(host: string, alias: AliasKey): void {
    const there = this.#aliases.get(host);
    if (there === alias) this.#aliases.delete(host);
    if (there === undefined || typeof there === 'string') return;
    there.delete(alias);
    const [last, another] = there;
    if (last !== undefined && another === undefined) this.#aliases.set(host, last);
  }
}

const NONE: readonly never[] = Object.freeze([]);

function hostsIn({ bindings }: Registration): readonly string[] {
  const [first, ...others] = bindings;
  if (!first) return NONE;
  return others.length === 0 ? hostsOf(first) : [...new Set(bindings.flatMap(hostsOf))];
}

function sameHosts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((host, index) => host === b[index]);
}
