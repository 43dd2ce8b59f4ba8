import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../../clock.js';
import type { SipTransport } from '../../plan/plan.js';
import { formatSocketAddress } from './address.js';
import type { Flow, MessageHandler, SocketAddress } from './flow.js';
import type { RefusalReason, TransportLimits } from './limits.js';
import { isStun, stunAnswer } from './stun.js';

/**
 * Asked of the kernel, which grants at most net.core.rmem_max and wmem_max: room for some thousand messages, so that a garbage collection
 * or the reading of a plan drops none.
 */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** The most that fits into a datagram: 65,535 less the headers of IPv4 (20) and UDP (8), or of UDP alone (IPv6 counts without its own). */
const MAX_PAYLOAD_IPV4 = 65_507;
const MAX_PAYLOAD_IPV6 = 65_527;

export interface UdpHost {
  readonly clock: Clock;
  readonly limits: TransportLimits;
  readonly onMessage: MessageHandler;
  admit(address: string): boolean;
  refused(address: string, why: RefusalReason): void;
  sent(transport: SipTransport): void;
  received(transport: SipTransport): void;
}

/**
 * A pair of addresses. Made anew for each datagram, which is cheaper than to remember it and leaves nothing to be bounded: two flows are the
 * same if their ids are.
 */
class UdpFlow implements Flow {
  readonly transport = 'udp';
  readonly reliable = false;
  readonly certificateNames: readonly string[] = [];
  readonly remote: SocketAddress;
  readonly #listener: UdpListener;

  constructor(listener: UdpListener, remote: SocketAddress) {
    this.#listener = listener;
    this.remote = remote;
  }

  get id(): string {
    return `udp:${formatSocketAddress(this.local)}>${formatSocketAddress(this.remote)}`;
  }

  get local(): SocketAddress {
    return this.#listener.local;
  }

  get closed(): boolean {
    return this.#listener.closed;
  }

  send(message: string): boolean {
    return this.#listener.send(message, this.remote);
  }

  onClose(): () => void {
    return () => undefined;
  }
}

/**
 * One UDP socket. Measured on the two-core test machine: receiving 600 bytes and sending them back costs 15 µs of CPU, 7 of them in the
 * kernel; node:dgram's default `lookup` adds 1.5 µs to each send, and a callback would keep an object for each.
 */
export class UdpListener {
  readonly local: SocketAddress;
  readonly #socket: Socket;
  readonly #host: UdpHost;
  readonly #maxPayload: number;
  #closed = false;

  static async open(address: string, port: number, host: UdpHost): Promise<UdpListener> {
    const ipv6 = isIPv6(address);
    const socket = createSocket({
      type: ipv6 ? 'udp6' : 'udp4',
      // IPv4 has sockets of its own; without this `::` would take them.
      ipv6Only: ipv6,
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
      // Targets are IP literals: nothing to look up, and no thread pool on the way of each send.
      lookup: (hostname, _options, done) => done(null, hostname, ipv6 ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new UdpListener(socket, host);
  }

  private constructor(socket: Socket, host: UdpHost) {
    const { address, port } = socket.address();
    this.local = { address, port };
    this.#socket = socket;
    this.#host = host;
    this.#maxPayload = isIPv6(address) ? MAX_PAYLOAD_IPV6 : MAX_PAYLOAD_IPV4;
    socket.on('message', (datagram, from) => this.#receive(datagram, from));
    // The kernel reports what became of earlier sends; UDP promises nothing, and the transaction's timer decides.
    socket.on('error', () => undefined);
  }

  get closed(): boolean {
    return this.#closed;
  }

  flowTo(remote: SocketAddress): Flow {
    return new UdpFlow(this, remote);
  }

  send(message: string, to: SocketAddress): boolean {
    // What no datagram can carry (EMSGSIZE) would vanish without a word.
    if (this.#closed || message.length > this.#maxPayload) return false;
    if (!this.#transmit(Buffer.from(message, 'latin1'), to)) return false;
    this.#host.sent('udp');
    return true;
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const host = this.#host;
    if (!host.admit(from.address)) {
      host.refused(from.address, 'rate');
      return;
    }
    const first = datagram[0] ?? 0;
    // Below a token's first character: STUN, or a keep-alive of CRLFs or zeros that only wants to hold a NAT open.
    if (first <= 32) {
      if (isStun(datagram)) this.#answerStun(datagram, from);
      // Some stacks put CRLFs before a message, as streams may (RFC 3261 §7.5).
      else if (first === 13 || first === 10) this.#handUp(datagram.subarray(leadingLineEnds(datagram)), from);
      return;
    }
    this.#handUp(datagram, from);
  }

  #handUp(datagram: Buffer, from: RemoteInfo): void {
    if (datagram.length === 0) return;
    const host = this.#host;
    const flow = new UdpFlow(this, from);
    host.received('udp');
    const { messageBytes } = host.limits;
    if (datagram.length <= messageBytes) {
      host.onMessage(datagram.toString('latin1'), flow);
      return;
    }
    host.refused(from.address, 'size');
    host.onMessage(datagram.toString('latin1'), flow, { status: 513, text: `The message is longer than ${messageBytes} bytes` });
  }

  #answerStun(datagram: Buffer, from: RemoteInfo): void {
    const answer = stunAnswer(datagram, from);
    if (answer) this.#transmit(answer, from);
  }

  #transmit(bytes: Buffer, to: SocketAddress): boolean {
    try {
      this.#socket.send(bytes, to.port, to.address);
      return true;
    } catch {
      // Thrown rather than reported: port 0, which anyone can put into a datagram as its source, or what is no address.
      return false;
    }
  }
}

function leadingLineEnds(datagram: Buffer): number {
  let at = 0;
  while (datagram[at] === 13 || datagram[at] === 10) at++;
  return at;
}
