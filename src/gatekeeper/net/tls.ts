import { constants } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { formatSocketAddress } from './address.js';
import { certificateNames, checkServerName, type ServerIdentity } from './certificate-names.js';
import { type ConnectOptions, type StreamTarget, whenReady } from './tcp.js';

export interface TlsOptions {
  /** PEM: our certificate, then its chain. Shown to those who connect and, where asked for, by us as a client. */
  readonly certificate: string | Buffer;
  /** PEM, without a passphrase. */
  readonly key: string | Buffer;
  /** PEM: the CAs whose certificates are trusted, of clients and servers. Absent: the public CAs that come with Node. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** What both sides have in common. Nobody here has a use for renegotiation, and it lets a client make the server do the work. */
function common(tls: TlsOptions) {
  return {
    cert: tls.certificate,
    key: tls.key,
    ...(tls.ca === undefined ? {} : { ca: typeof tls.ca === 'string' || Buffer.isBuffer(tls.ca) ? tls.ca : [...tls.ca] }),
    minVersion: tls.minVersion ?? ('TLSv1.2' as const),
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

export interface TlsServerEvents {
  /** The handshake is done. `names`: of the client's certificate, if it showed one that we trust. */
  ready(socket: TLSSocket, names: readonly string[]): void;
  failed(socket: TLSSocket, error: Error & { code?: string }): void;
}

/**
 * The server's half of TLS. It does not listen: connections are counted and limited before the first byte of a handshake is read, and
 * handed over by `emit('connection', socket)`. So a new certificate is simply a new server for the connections to come.
 */
export function tlsAcceptor(
  tls: TlsOptions,
  requestClientCertificate: boolean,
  handshakeTimeoutMs: number,
  events: TlsServerEvents,
): Server {
  const server = createServer({
    ...common(tls),
    requestCert: requestClientCertificate,
    // Whoever has no certificate may still be told by password; the zone that wants one asks for its name.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  });
  server.on('secureConnection', (socket) => events.ready(socket, verifiedNames(socket)));
  server.on('tlsClientError', (error, socket) => events.failed(socket, error));
  return server;
}

/**
 * The client's half: the chain and the name must be right, or there is no connection (RFC 5922 §7.3, RFC 3261 §26.3.1); or, where the target says
 * which, it must be that very certificate.
 */
export async function connectTls(
  target: StreamTarget,
  tls: TlsOptions | undefined,
  identity: ServerIdentity,
  options: ConnectOptions,
  onSocket: (socket: Socket) => void,
): Promise<{ socket: TLSSocket; names: readonly string[] }> {
  const name = target.serverName ?? target.address;
  const socket = tlsConnect({
    ...(tls ? common(tls) : { minVersion: 'TLSv1.2' }),
    host: target.address,
    port: target.port,
    ...(options.localAddress ? { localAddress: options.localAddress } : {}),
    // SNI carries names only (RFC 6066 §3).
    servername: isIP(name) ? '' : name,
    rejectUnauthorized: target.fingerprint === undefined,
    checkServerIdentity: (_host, certificate) => checkServerName(name, certificate, identity),
  });
  onSocket(socket);
  await whenReady(socket, 'secureConnect', target, options);
  if (target.fingerprint !== undefined) checkFingerprint(socket, target, target.fingerprint);
  return { socket, names: verifiedNames(socket) };
}

function checkFingerprint(socket: TLSSocket, target: StreamTarget, wanted: string): void {
  const shown = socket.getPeerCertificate().fingerprint256;
  if (shown === wanted) return;
  socket.destroy();
  throw new Error(
    `Cannot reach tls ${formatSocketAddress(target)}: its certificate is another than the one expected there (SHA-256 ${shown}, not ${wanted})`,
  );
}

function verifiedNames(socket: TLSSocket): readonly string[] {
  if (!socket.authorized) return [];
  return certificateNames(socket.getPeerCertificate().subjectaltname);
}
