import type { SocketAddress } from '../../net/address.js';
import type { SipTransport } from '../../plan/plan.js';
import type { FramingLoss } from './stream-framer.js';

/**
 * A way for messages to one remote address: a UDP association or one TCP or TLS connection (RFC 5626 §3.1: "flow").
 * Answers to a request go back on the flow it came in on (RFC 3261 §18.2.2, RFC 3581 §4).
 */
export interface Flow {
  /** Unique in this process while it is open; a UDP flow's is made of its addresses, so it comes back the same. */
  readonly id: string;
  readonly transport: SipTransport;
  /** TCP and TLS: the transport itself delivers or fails; no retransmissions (RFC 3261 §17). */
  readonly reliable: boolean;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Names from the peer's verified certificate: DNS and URI subjectAltNames, lower case (RFC 5922 §7.1). Empty without one. */
  readonly certificateNames: readonly string[];
  readonly closed: boolean;
  /**
   * Sends one message, given as a latin1 byte string. Never throws. False: the flow is closed or its send buffer is full (bounded);
   * errors that show later close a stream flow and are reported through `onClose`.
   */
  send(message: string): boolean;
  /** Called once when a stream flow closes; at once if it is closed already. Returns what takes the listener away. UDP flows never call it. */
  onClose(listener: () => void): () => void;
}

/** Where a message is to be sent: an IP literal, never a name (names are RFC 3263's business, in `locate.ts`). */
export interface Target extends SocketAddress {
  readonly transport: SipTransport;
  /** TLS: the name to verify the peer's certificate against, and to send as SNI. Absent: the address. */
  readonly serverName?: string;
  /**
   * TLS to another instance: the SHA-256 fingerprint its certificate must have (upper-case hex with colons), which takes the place of name and
   * chain: its certificate may be self-signed, or for a name that all instances share.
   */
  readonly fingerprint?: string;
}

/** Every socket of the SIP edge. */
export interface TransportLayer {
  /** An open flow to the target, or a new one. Fails with an Error whose message says what could not be reached and why, within `connectTimeoutMs`. */
  flowTo(target: Target): Promise<Flow>;
  /** The open flow with this id, if it is still there. */
  flow(id: string): Flow | undefined;
  /** The UDP association with this address; undefined: no UDP listener of ours can send there. */
  udpFlow(remote: SocketAddress): Flow | undefined;
  /** Where we listen, after `listen()`: real ports, also where 0 was asked for. */
  readonly listeners: readonly (SocketAddress & { readonly transport: SipTransport })[];
  close(): Promise<void>;
}

/**
 * What the transports hand up: one whole message, framed but not parsed, as a latin1 byte string. Keep-alives never get here.
 *
 * `loss`: the message could not be taken whole (too long, or its end cannot be found), and this is what there is of it. It is handed up
 * to be answered with `loss.status` if its headers can be read; nothing else may be done with it, and a stream flow is closed right after.
 */
export type MessageHandler = (message: string, flow: Flow, loss?: FramingLoss) => void;
