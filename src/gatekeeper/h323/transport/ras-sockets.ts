import type { RemoteInfo, Socket } from 'node:dgram';
import type { Clock } from '../../../clock.js';
import { canonicalAddress, formatSocketAddress, isWildcard, pickListener, type SocketAddress } from '../../net/address.js';
import type { RefusalReason, SocketLimits } from '../../net/limits.js';
import { cannotListen } from '../../net/listen-error.js';
import { type SourceRate, Sources } from '../../net/sources.js';
import { listenAddress } from '../../net/stream-sockets.js';
import { maxDatagram, openUdpSocket } from '../../net/udp-socket.js';
import { defaultLimits } from './limits.js';

/** Gatekeeper discovery (H.225.0 §7.2: the group that every gatekeeper joins, and its port). */
export const DISCOVERY_GROUP = '224.0.1.41';
export const DISCOVERY_PORT = 1718;

/** An address that no datagram comes from. */
const NOBODY = '127.255.255.254';

/** Where a datagram was received. */
export interface RasLocal extends SocketAddress {
  /** It was sent to the discovery group: to every gatekeeper that listens there. */
  readonly multicast: boolean;
}

export interface RasSocketsOptions {
  /** IP literals; port 0: any free one. Discovery by unicast is one more of them, on port 1718. */
  readonly listen: readonly SocketAddress[];
  readonly multicast?:
    | {
        /** Default: 224.0.1.41. */
        readonly group?: string;
        /** Default: 1718. */
        readonly port?: number;
        /** Our addresses on the networks to listen on. Empty: the system's choice of one. */
        readonly interfaces: readonly string[];
      }
    | undefined;
  readonly limits?: Partial<Pick<SocketLimits, 'rate' | 'sources' | 'messageBytes'>>;
  readonly clock: Clock;
  /** One datagram. Its bytes are its receiver's. */
  readonly onMessage: (bytes: Buffer, from: SocketAddress, local: RasLocal) => void;
  readonly onRefused?: (source: string, why: RefusalReason) => void;
  /** Something that the service can do without does not work: a sentence for the log. */
  readonly onWarning: (text: string) => void;
  /** `onMessage` threw. */
  readonly onFault: (error: unknown) => void;
  /** A rate of its own for a source we know, such as a neighbour. Asked when a source is first heard. */
  readonly rateFor?: (address: string) => SourceRate | undefined;
}

export interface RasStats {
  readonly received: number;
  readonly sent: number;
  readonly sources: number;
}

interface Listener extends RasLocal {
  readonly socket: Socket;
}

/** Every UDP socket of the H.323 edge: registration, admission and status on 1719, discovery on 1718. */
export class RasSockets {
  readonly #options: RasSocketsOptions;
  readonly #sources: Sources;
  readonly #messageBytes: number;
  readonly #listeners: Listener[] = [];
  #multicast: Listener | undefined;
  #received = 0;
  #sent = 0;
  #closing: Promise<void> | undefined;

  /** Opens every listener, or none: the Error's message says which one could not be opened and what to do. */
  static async open(options: RasSocketsOptions): Promise<RasSockets> {
    const sockets = new RasSockets(options);
    try {
      // Beside the group's socket, which is on the same port, a socket on all addresses must be shared as well.
      const shared = options.multicast && (options.multicast.port ?? DISCOVERY_PORT);
      for (const at of options.listen) await sockets.#listen(at, at.port !== 0 && at.port === shared);
    } catch (error) {
      await sockets.close();
      throw error;
    }
    if (options.multicast) await sockets.#join(options.multicast);
    return sockets;
  }

  private constructor(options: RasSocketsOptions) {
    this.#options = options;
    const { rate, sources, messageBytes } = { ...defaultLimits, ...options.limits };
    this.#messageBytes = messageBytes;
    this.#sources = new Sources({ rate, sources, ...(options.rateFor ? { rateFor: options.rateFor } : {}) });
  }

  /** Where we listen, without the discovery group: real ports, also where 0 was asked for. */
  get listeners(): readonly RasLocal[] {
    return this.#listeners;
  }

  get stats(): RasStats {
    return { received: this.#received, sent: this.#sent, sources: this.#sources.size };
  }

  /** After a reload: `rateFor` is asked anew for every source. */
  resetSources(): void {
    this.#sources.reset();
  }

  /**
   * Sends one datagram. An answer leaves from where the question came to (`from`, as `onMessage` gave it), as a firewall on its way lets in
   * nothing else; an answer to the group, and a question of ours, from the listener of the same family. False: it could not be sent.
   */
  send(bytes: Uint8Array, to: SocketAddress, from?: RasLocal): boolean {
    const listener = this.#listenerFor(to, from);
    if (!listener || this.#closing || bytes.length > maxDatagram(to.address)) return false;
    try {
      listener.socket.send(bytes, to.port, to.address);
    } catch {
      // Thrown rather than reported: port 0, which anyone can put into a datagram as its source, or what is no address.
      return false;
    }
    this.#sent++;
    return true;
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(
      [...this.#listeners, ...(this.#multicast ? [this.#multicast] : [])].map(
        ({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve())),
      ),
    ).then(() => undefined);
    return this.#closing;
  }

  #listenerFor(to: SocketAddress, from: RasLocal | undefined): Listener | undefined {
    if (from && !from.multicast) {
      for (const listener of this.#listeners) {
        if (listener === from || (listener.port === from.port && listener.address === from.address)) return listener;
      }
    }
    return pickListener(this.#listeners, to.address);
  }

  async #listen({ address, port }: SocketAddress, shared: boolean): Promise<void> {
    const canonical = listenAddress('udp', address);
    try {
      this.#listeners.push(this.#take(await openUdpSocket(canonical, port, { shared }), false));
    } catch (error) {
      throw cannotListen('udp', { address, port }, 'h323.ras', error);
    }
  }

  /** A network without multicast is no reason not to start: who knows our address finds us all the same. */
  async #join({ group = DISCOVERY_GROUP, port = DISCOVERY_PORT, interfaces }: NonNullable<RasSocketsOptions['multicast']>): Promise<void> {
    const where = formatSocketAddress({ address: group, port });
    const failed = (on: string, error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.onWarning(`Endpoints that look for a gatekeeper by multicast (${where}) do not find us${on}: ${why}`);
    };
    let socket: Socket;
    try {
      // Bound to the group, so that what is sent to us alone does not arrive here; shared with other gatekeepers of this machine.
      socket = await openUdpSocket(canonicalAddress(group) ?? group, port, { shared: true });
    } catch (error) {
      failed('', error);
      return;
    }
    this.#multicast = this.#take(socket, true);
    for (const address of interfaces.length > 0 ? interfaces : [undefined]) {
      try {
        socket.addMembership(group, address);
        this.#keepOut(group, port, address);
      } catch (error) {
        failed(address === undefined ? '' : ` on ${address}`, error);
      }
    }
  }

  /**
   * A socket on all addresses hears whatever group is joined on its port, as if it were sent to us alone. One that has asked for nobody's
   * datagrams in the group hears nothing of it.
   */
  #keepOut(group: string, port: number, on: string | undefined): void {
    for (const { address, port: own, socket } of this.#listeners) {
      if (own === port && isWildcard(address) && !address.includes(':')) socket.addSourceSpecificMembership(NOBODY, group, on);
    }
  }

  #take(socket: Socket, multicast: boolean): Listener {
    const { address, port } = socket.address();
    const listener: Listener = { address, port, multicast, socket };
    socket.on('message', (bytes, from) => this.#receive(bytes, from, listener));
    return listener;
  }

  #receive(bytes: Buffer, from: RemoteInfo, local: RasLocal): void {
    const { clock, onMessage, onRefused, onFault } = this.#options;
    if (!this.#sources.take(from.address, clock.now())) {
      onRefused?.(from.address, 'rate');
      return;
    }
    if (bytes.length > this.#messageBytes) {
      onRefused?.(from.address, 'size');
      return;
    }
    // Some endpoints send an empty datagram to hold a NAT binding open.
    if (bytes.length === 0) return;
    this.#received++;
    try {
      onMessage(bytes, from, local);
    } catch (error) {
      onFault(error);
    }
  }
}
