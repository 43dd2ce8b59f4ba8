import { createServer, isIPv6, type Server, type Socket, connect as tcpConnect } from 'node:net';
import type { Clock } from '../../clock.js';
import { formatSocketAddress, type SocketAddress } from './address.js';

/** A TCP server on one address; TLS begins as TCP too. */
export async function listenStream(
  address: string,
  port: number,
  onSocket: (socket: Socket) => void,
): Promise<{ server: Server; local: SocketAddress }> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Without ipv6Only `::` would take the IPv4 connections as well, and show them as ::ffff:192.0.2.1.
    server.listen({ host: address, port, ipv6Only: isIPv6(address) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // Running out of file descriptors in accept() shows here; the connections that are up go on.
  server.on('error', () => undefined);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server without an address');
  return { server, local: { address: bound.address, port: bound.port } };
}

/** Where a connection is to lead: an IP literal, never a name. */
export interface StreamTarget extends SocketAddress {
  /** `tcp` or `tls`. */
  readonly transport: string;
  /** TLS: the name to verify the peer's certificate against, and to send as SNI. Absent: the address. */
  readonly serverName?: string;
  /** TLS: the SHA-256 fingerprint (upper-case hex with colons) that the peer's certificate must have; name and chain are not looked at then. */
  readonly fingerprint?: string;
}

export interface ConnectOptions {
  readonly clock: Clock;
  /** For TCP, and for TLS together with its handshake. */
  readonly timeoutMs: number;
  /** The address to leave from; absent: the system's choice. */
  readonly localAddress: string | undefined;
}

export function connectTcp(target: StreamTarget, options: ConnectOptions, onSocket: (socket: Socket) => void): Promise<Socket> {
  const socket = tcpConnect({
    host: target.address,
    port: target.port,
    ...(options.localAddress ? { localAddress: options.localAddress } : {}),
  });
  onSocket(socket);
  return whenReady(socket, 'connect', target, options);
}

/** Waits for `ready`; on an error or after the time limit the socket is destroyed and the Error says what could not be reached and why. */
export function whenReady<S extends Socket>(
  socket: S,
  ready: 'connect' | 'secureConnect',
  target: StreamTarget,
  options: ConnectOptions,
): Promise<S> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const timer = options.clock.after(options.timeoutMs, () => {
      failure = new Error(`no answer within ${options.timeoutMs} ms`);
      socket.destroy();
    });
    const onError = (error: Error) => {
      failure ??= error;
      socket.destroy();
    };
    const onClose = () => {
      timer.cancel();
      reject(cannotReach(target, failure));
    };
    socket.on('error', onError);
    socket.once('close', onClose);
    socket.once(ready, () => {
      timer.cancel();
      socket.off('close', onClose);
      // `onError` stays until the flow has its own: an 'error' without a listener would end the process.
      resolve(socket);
    });
  });
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ETIMEDOUT: 'no answer (ETIMEDOUT)',
  EHOSTUNREACH: 'no way to this address (EHOSTUNREACH)',
  ENETUNREACH: 'no way to this network (ENETUNREACH)',
  ECONNRESET: 'the other side hung up while connecting (ECONNRESET)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; to trust it, add it to the CA file of sip.tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from a CA that is not trusted here; to trust it, add the CA to the CA file of sip.tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes from a CA that is not trusted here; to trust it, add the CA to the CA file of sip.tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate comes from a CA that is not trusted here; to trust it, add the CA to the CA file of sip.tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what listens there does not speak TLS',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no version of TLS that is allowed here (sip.tls minVersion)',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

function cannotReach(target: StreamTarget, cause: (Error & { code?: string }) | undefined): Error {
  const why = (cause?.code ? causes[cause.code] : undefined) ?? cause?.message ?? 'the other side hung up while connecting';
  const name = target.serverName ? ` (${target.serverName})` : '';
  return new Error(`Cannot reach ${target.transport} ${formatSocketAddress(target)}${name}: ${why}`, cause ? { cause } : {});
}
