import { isWildcard, pickListener, type SocketAddress } from '../net/address.js';

/** A listener as the configuration has it, with the port that it really got. */
export interface OwnListener extends SocketAddress {
  /** What others are told instead: an IP literal. Always there where the address is a wildcard. */
  readonly advertised?: { readonly host: string; readonly port: number | undefined } | undefined;
}

export interface OwnSignallingListener extends OwnListener {
  readonly transport: 'tcp' | 'tls';
}

/** Where this gatekeeper is: what it tells others of its addresses, and which addresses lead back to it. */
export class OwnAddresses {
  readonly #ras: readonly OwnListener[];
  readonly #signalling: readonly OwnSignallingListener[];
  /** Every address of this machine: where it listens on all, each means here. */
  readonly #machine: ReadonlySet<string>;
  /** Names and addresses that mean here behind an `@`, lower case. */
  readonly hosts: ReadonlySet<string>;

  /** `ras`: without the listeners for discovery, which nobody is told of. */
  constructor(
    ras: readonly OwnListener[],
    signalling: readonly OwnSignallingListener[],
    { machine, names }: { readonly machine: Iterable<string>; readonly names: Iterable<string> },
  ) {
    this.#ras = ras;
    this.#signalling = signalling;
    const everywhere = [...ras, ...signalling].some(({ address }) => isWildcard(address));
    this.#machine = new Set(machine);
    const hosts = new Set([...names].map((name) => name.toLowerCase()));
    for (const { address, advertised } of [...ras, ...signalling]) {
      hosts.add(address);
      if (advertised) hosts.add(advertised.host);
    }
    if (everywhere) for (const address of this.#machine) hosts.add(address);
    this.hosts = hosts;
  }

  /** Our RAS address, as others reach it who reach us at this listener: of RAS, or of discovery, which is told of the other one (H.225.0 §7.8.2). */
  ras(local: SocketAddress): SocketAddress {
    return told(this.rasListener(local), local.address);
  }

  /** The RAS listener that stands for this one: itself, the one on the same address, or, for the discovery group, one of its family. */
  rasListener(local: SocketAddress): SocketAddress {
    const { address } = local;
    return (
      this.#ras.find((listener) => listener.address === address && listener.port === local.port) ??
      this.#ras.find((listener) => listener.address === address) ??
      pickListener(this.#ras, address) ??
      this.#ras.find((listener) => listener.address.includes(':') === address.includes(':')) ??
      local
    );
  }

  /** Our call-signalling address for who reaches us at this RAS listener: over TCP, as every endpoint can. */
  signalling(local: SocketAddress): SocketAddress | undefined {
    return this.#at('tcp', local.address) ?? this.#at('tls', local.address);
  }

  /** The same over TLS; undefined: we do not listen for it. */
  tls(local: SocketAddress): SocketAddress | undefined {
    return this.#at('tls', local.address);
  }

  /** Where the far end of a connection with this local address calls us. */
  callback(connection: { readonly local: SocketAddress; readonly secure: boolean }): SocketAddress {
    const { local, secure } = connection;
    return this.#at(secure ? 'tls' : 'tcp', local.address) ?? this.signalling(local) ?? local;
  }

  /** Whether this IP address is this machine's own. */
  isOwnMachine(address: string): boolean {
    const listeners: readonly OwnListener[] = [...this.#ras, ...this.#signalling];
    return this.#machine.has(address) || listeners.some((own) => own.address === address || own.advertised?.host === address);
  }

  /** Whether a call to this address would come back to us. */
  isOwn(target: SocketAddress): boolean {
    return this.#signalling.some(({ address, port, advertised }) => {
      if (advertised && target.address === advertised.host && target.port === (advertised.port ?? port)) return true;
      return target.port === port && (target.address === address || (isWildcard(address) && this.#machine.has(target.address)));
    });
  }

  #at(transport: 'tcp' | 'tls', address: string): SocketAddress | undefined {
    const listeners = this.#signalling.filter((listener) => listener.transport === transport);
    const listener = listeners.find((one) => one.address === address) ?? pickListener(listeners, address);
    return listener && told(listener, address);
  }
}

/** `reachedAt`: the address of ours that the other side uses, for a listener on all of them. */
function told(listener: OwnListener, reachedAt: string): SocketAddress {
  const { address, port, advertised } = listener;
  if (advertised) return { address: advertised.host, port: advertised.port ?? port };
  return { address: isWildcard(address) ? reachedAt : address, port };
}
