import type { SourceRate } from './sources.js';

/** What one message from the network cannot be: the reason it, or its connection, was turned away. One label value each. */
export type RefusalReason =
  /** More messages than this source may send. Dropped without an answer. */
  | 'rate'
  /** This source, or all sources together, have as many connections as they may. */
  | 'connections'
  /** A port that was opened for somebody else. */
  | 'stranger'
  /** A message longer than `messageBytes`. */
  | 'size'
  /** A stream on which the next message cannot be found any more (RFC 3261 §18.3, RFC 1006 §6). */
  | 'framing'
  /** The TLS handshake failed. */
  | 'handshake'
  /** No whole message (or no finished TLS handshake) in time after connecting. */
  | 'half-open'
  /** A message was begun and not finished in time. */
  | 'slow'
  /** Nothing was said for long, and nobody needs the connection. */
  | 'idle'
  /** The other side does not read what it is sent. */
  | 'send-buffer';

/** What every edge with sockets keeps within. */
export interface SocketLimits {
  /** For each source: an IPv4 address, or an IPv6 network of 64 bits. */
  readonly rate: SourceRate;
  /** How many sources are remembered; the least recently heard are forgotten first. */
  readonly sources: number;
  /** Connections that others opened to us, from one source. */
  readonly connectionsPerSource: number;
  /** Connections that others opened to us, and, counted apart, connections that we opened. */
  readonly connections: number;
  /** One message. */
  readonly messageBytes: number;
  /** Bytes waiting to be sent on one connection. */
  readonly sendBufferBytes: number;
  /** For a TLS handshake, for the first message on a new connection, and for the rest of a message that has begun. */
  readonly halfOpenMs: number;
  /** A connection on which nothing was received for so long is closed, unless `keepIdle` says that it is needed. */
  readonly idleMs: number;
}
