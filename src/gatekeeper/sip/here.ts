import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { SocketAddress } from '../net/address.js';
import type { SipTransport } from '../plan/plan.js';
import { formatHostPort } from './message/host.js';
import type { Flow, Target } from './transport/flow.js';

export interface Listener extends SocketAddress {
  readonly transport: SipTransport;
  /** What others are to use for this listener, where it differs from the address (NAT, a name in DNS). */
  readonly advertised?: { readonly host: string; readonly port: number | undefined } | undefined;
}

/** Where this gatekeeper is: which hosts in a URI mean "here", and what it writes into Via and Record-Route. */
export class Here {
  /** Part of every branch we make: how a request that comes back is recognised (RFC 3261 §16.3 step 4). */
  readonly branchPrefix = `z9hG4bKpv${randomBytes(4).toString('hex')}.`;
  readonly #listeners: readonly Listener[];
  /** In lower case, IPv6 without brackets. */
  readonly hosts: ReadonlySet<string>;
  readonly #ports = new Set<number>();
  /** SHA-256 of the certificate that our TLS listeners show. It is told by it that we have reached ourselves; its names are for others. */
  fingerprint: string | undefined;

  /** `moreHosts`: names and addresses that also mean here, such as every address of a machine that listens on 0.0.0.0. */
  constructor(listeners: readonly Listener[], moreHosts: Iterable<string> = []) {
    this.#listeners = listeners;
    const hosts = new Set<string>(['localhost']);
    for (const listener of listeners) {
      hosts.add(listener.address.toLowerCase());
      this.#ports.add(listener.port);
      if (!listener.advertised) continue;
      hosts.add(listener.advertised.host.toLowerCase());
      if (listener.advertised.port !== undefined) this.#ports.add(listener.advertised.port);
    }
    for (const host of moreHosts) hosts.add(host.toLowerCase());
    this.hosts = hosts;
  }

  /** Host in lower case, IPv6 without brackets. A host without a port means here whatever the ports are. */
  is(host: string, port: number | undefined): boolean {
    return this.hosts.has(host) && (port === undefined || this.#ports.has(port));
  }

  /** `host:port` for Via (the sent-by) and Record-Route on what leaves by this flow. */
  hostPort(flow: Pick<Flow, 'transport' | 'local'>): string {
    const listener = this.#listenerFor(flow);
    if (!listener) return formatHostPort(flow.local.address, flow.local.port);
    if (listener.advertised) return formatHostPort(listener.advertised.host, listener.advertised.port ?? listener.port);
    const wildcard = listener.address === '0.0.0.0' || listener.address === '::';
    return formatHostPort(wildcard ? flow.local.address : listener.address, listener.port);
  }

  /** Ourselves, by this transport; undefined: we do not listen so. */
  target(transport: SipTransport): Target | undefined {
    const listener = this.#listeners.find((one) => one.transport === transport);
    if (!listener) return undefined;
    const target = { transport, address: loopbackFor(listener.address), port: listener.port };
    return transport === 'tls' && this.fingerprint !== undefined ? { ...target, fingerprint: this.fingerprint } : target;
  }

  #listenerFor(flow: Pick<Flow, 'transport' | 'local'>): Listener | undefined {
    let fallback: Listener | undefined;
    for (const listener of this.#listeners) {
      if (listener.transport !== flow.transport) continue;
      if (listener.address === flow.local.address) return listener;
      const sameFamily = listener.address.includes(':') === flow.local.address.includes(':');
      if (sameFamily && fallback === undefined) fallback = listener;
    }
    return fallback;
  }
}

/** Listening on every address, we are reached on loopback. */
function loopbackFor(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

/** The families of addresses that can be reached from these. */
export function families(listeners: readonly Listener[]): (4 | 6)[] {
  const has6 = listeners.some(({ address }) => address.includes(':'));
  const has4 = listeners.some(({ address }) => !address.includes(':'));
  return [...(has4 ? [4 as const] : []), ...(has6 ? [6 as const] : [])];
}

/** Listening on every address of the machine, each of them means here. */
export function wildcardHosts(listeners: readonly Listener[]): string[] {
  if (!listeners.some(({ address }) => address === '0.0.0.0' || address === '::')) return [];
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
