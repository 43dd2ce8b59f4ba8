import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { systemClock, type Timer } from '../../clock.js';
import { TpktFramer, writeTpkt } from '../../gatekeeper/h323/q931/tpkt.js';
import type { SocketAddress } from './addresses.js';

/** PEM texts: whom we trust, and who we are. */
export interface TlsIdentity {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface ConnectOptions {
  readonly to: SocketAddress;
  /** The address that the other side is to see. */
  readonly from: string;
  /** TLS, with the certificate checked. */
  readonly tls?: TlsIdentity | undefined;
  readonly timeoutMs: number;
}

/** What may wait to be sent. A peer that reads nothing is cut off then. */
const MAX_WAITING_BYTES = 1024 * 1024;
const LINGER_MS = 5000;
/** Connections that a listener holds at once. */
const MAX_CONNECTIONS = 20_000;

/** One TCP or TLS connection that carries TPKTs: call signalling or H.245. */
export class SignallingConnection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly secure: boolean;
  readonly #socket: Socket;
  readonly #framer = new TpktFramer();
  #onMessage: ((payload: Buffer) => void) | undefined;
  /** What came before anybody asked for it. */
  #early: Buffer[] = [];
  #lingering: Timer | undefined;
  #closed = false;

  /** @throws {Error} nobody answers, in time or at all, or the certificate is not to be trusted. */
  static async connect({ to, from, tls, timeoutMs }: ConnectOptions): Promise<SignallingConnection> {
    const where = { host: to.address, port: to.port, localAddress: from };
    const socket: Socket = tls
      ? tlsConnect({ ...where, ca: tls.ca, cert: tls.certificate, key: tls.key, servername: '' })
      : netConnect(where);
    await new Promise<void>((resolve, reject) => {
      const fail = (why: Error) => {
        clearTimeout(timer);
        socket.destroy();
        reject(why);
      };
      const timer = setTimeout(() => fail(new Error(`${to.address}:${to.port} did not answer within ${timeoutMs} ms`)), timeoutMs);
      socket.once('error', fail);
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.off('error', fail);
        resolve();
      });
    });
    return new SignallingConnection(socket, tls !== undefined);
  }

  constructor(socket: Socket, secure: boolean) {
    this.#socket = socket;
    this.secure = secure;
    this.local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    // `close` follows, which is all that anybody has to know.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#ended());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** One listener; it gets what came already. */
  onMessage(listener: (payload: Buffer) => void): void {
    this.#onMessage = listener;
    const early = this.#early;
    this.#early = [];
    for (const payload of early) listener(payload);
  }

  /** Called once: at once where the connection has closed already. */
  whenClosed(listener: () => void): void {
    if (this.#closed) listener();
    else this.#socket.once('close', listener);
  }

  send(payload: Uint8Array): void {
    this.#write(writeTpkt(payload));
  }

  sendKeepAlive(): void {
    this.#write(writeTpkt(new Uint8Array(0)));
  }

  /** Bytes as they are, for tests of what is no TPKT. */
  sendRaw(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  /** Sends what is waiting, then FIN; a peer that does not close its side is cut off after a while. */
  end(): void {
    if (this.#closed || this.#lingering) return;
    this.#socket.end();
    this.#lingering = systemClock.after(LINGER_MS, () => this.#socket.destroy());
  }

  /** Sends what is waiting, and closes without regard to what is still to come. */
  finish(): void {
    this.#socket.destroySoon();
  }

  /** RST, as when a machine or a network dies. */
  destroy(): void {
    if (this.secure) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #write(bytes: Uint8Array): void {
    if (this.#closed || this.#socket.writableEnded) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_WAITING_BYTES) this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const { payloads, loss } = this.#framer.push(chunk);
    for (const payload of payloads) {
      if (this.#onMessage) this.#onMessage(payload);
      else if (this.#early.length < 16) this.#early.push(payload);
    }
    if (loss) this.#socket.destroy();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lingering?.cancel();
  }
}

export interface ListenOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: TlsIdentity | undefined;
  readonly onConnection: (connection: SignallingConnection) => void;
}

export class SignallingListener {
  readonly local: SocketAddress;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @throws {Error} the port is taken, or the address is not ours. */
  static async open(options: ListenOptions): Promise<SignallingListener> {
    const { address, port, tls } = options;
    const server = tls ? createTlsServer({ ca: tls.ca, cert: tls.certificate, key: tls.key }) : createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new SignallingListener(server, options);
  }

  private constructor(server: Server, { address, tls, onConnection }: ListenOptions) {
    this.#server = server;
    server.maxConnections = MAX_CONNECTIONS;
    const bound = server.address();
    this.local = { address, port: typeof bound === 'object' && bound ? bound.port : 0 };
    server.on('error', () => undefined);
    server.on('tlsClientError', () => undefined);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) =>
      onConnection(new SignallingConnection(socket, tls !== undefined)),
    );
  }

  /** Closes the port and every connection that came by it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroySoon();
    await closed;
  }

  /** Takes no more connections; those that there are stay. */
  stop(): void {
    this.#server.close();
  }
}
