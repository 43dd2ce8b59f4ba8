import type { RemoteInfo, Socket } from 'node:dgram';
import type { Clock } from '../../../clock.js';
import { formatSocketAddress, type SocketAddress } from '../../net/address.js';
import type { RefusalReason } from '../../net/limits.js';
import { maxDatagram, openUdpSocket } from '../../net/udp-socket.js';
import type { SipTransport } from '../../plan/plan.js';
import type { Flow, MessageHandler } from './flow.js';
import { udpFlows } from './flow-id.js';
import type { TransportLimits } from './limits.js';
import { isStun, stunAnswer } from './stun.js';

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
    return `${this.#listener.flows}${formatSocketAddress(this.remote)}`;
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

/** One UDP socket. */
export class UdpListener {
  readonly local: SocketAddress;
  /** What the ids of its flows begin with. */
  readonly flows: string;
  readonly #socket: Socket;
  readonly #host: UdpHost;
  readonly #maxPayload: number;
  #closed = false;

  static async open(address: string, port: number, host: UdpHost, instance: string): Promise<UdpListener> {
    return new UdpListener(await openUdpSocket(address, port), host, instance);
  }

  private constructor(socket: Socket, host: UdpHost, instance: string) {
    const { address, port } = socket.address();
    this.local = { address, port };
    this.flows = udpFlows(instance, this.local);
    this.#socket = socket;
    this.#host = host;
    this.#maxPayload = maxDatagram(address);
    socket.on('message', (datagram, from) => this.#receive(datagram, from));
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
