import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../clock.js';
import type { Meetings } from '../meetings/meeting.js';
import { OpenBySource, sourceOf } from './allowance.js';
import { Connection } from './connection.js';
import { OtherNodes, originOf } from './other-nodes.js';
import { readPageFiles } from './page-files.js';
import { servePage } from './page-server.js';
import { protocolName } from './protocol.js';
import { Sessions } from './sessions.js';

/** PEM: our certificate, then its chain, and its key. */
export interface PemFiles {
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
}

export interface WebServerOptions {
  readonly address: string;
  /** 0: any free one; see `WebServer.port`. */
  readonly port: number;
  /** Undefined: plain HTTP, for loopback or behind a proxy that speaks TLS. */
  readonly tls: PemFiles | undefined;
  /** As participants reach the page; undefined: by the Host that they ask for. */
  readonly url: string | undefined;
  /** The built page. */
  readonly directory: string;
  readonly meetings: Pick<Meetings, 'join'>;
  readonly clock: Clock;
  readonly iceServers: readonly object[];
  readonly limits: {
    readonly connections: number;
    readonly connectionsPerSource: number;
    readonly messagesPerSecond: number;
    readonly messageBytes: number;
  };
  /** Who comes through a proxy on this machine is known by the last X-Forwarded-For. Default false: anybody could write it. */
  readonly trustProxy?: boolean;
  /** Pages' addresses of the other nodes, for meetings that are there; see `WebServer.nodesChanged`. */
  readonly otherNodes?: () => readonly string[];
  /** There may be other nodes, now or later. Default false. */
  readonly shared?: boolean;
  readonly observer: WebObserver;
}

/** Why a WebSocket was not opened, or was closed by this side. */
export type WebRefusal =
  | 'full'
  | 'fullOfSource'
  | 'origin'
  | 'protocol'
  | 'path'
  | 'rate'
  | 'syntax'
  | 'size'
  | 'slow'
  | 'silent'
  | 'joinLate';

export interface WebObserver {
  refused(why: WebRefusal): void;
  problem(error: unknown, text: string): void;
}

/** Requests for files: a page is some ten. */
const HEADERS_MS = 10_000;
const IDLE_MS = 10_000;
const CLOSE_MS = 2000;
/** Until who was refused a WebSocket has read why. */
const REFUSED_MS = 2000;
/** A file that nothing is read of for so long is not read any more. */
const UNREAD_FILE_MS = 60_000;

/** The listener for browsers: the meeting page, and the WebSockets that it speaks over. */
export class WebServer {
  readonly #options: WebServerOptions;
  readonly #server: Server | HttpsServer;
  readonly #sockets: WebSocketServer;
  readonly #sessions: Sessions;
  readonly #open: OpenBySource;
  readonly #connections = new Set<Connection>();
  readonly #nodes: OtherNodes;
  /** All that are open, upgraded ones too, of which node:http knows nothing any more. */
  readonly #tcp = new Set<Socket>();

  /** Rejects with an Error when the address can't be listened on. A page that is not built is answered with 503, and logged. */
  static async open(options: WebServerOptions): Promise<WebServer> {
    const files = await readPageFiles(options.directory).catch((error: unknown) => {
      options.observer.problem(error, 'The meeting page is not built: run npm run build');
      return new Map<string, never>();
    });
    const nodes = new OtherNodes(options.otherNodes ?? (() => []), options.clock);
    const page = servePage({
      files,
      tls: options.tls !== undefined,
      url: options.url,
      otherOrigins: () => nodes.origins(),
      moreNodes: options.shared ?? false,
    });
    const settings = {
      headersTimeout: HEADERS_MS,
      requestTimeout: HEADERS_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: HEADERS_MS / 2,
    };
    const server = options.tls
      ? createHttpsServer(
          { ...settings, cert: options.tls.certificate, key: options.tls.key, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_MS },
          page,
        )
      : createHttpServer(settings, page);
    server.timeout = UNREAD_FILE_MS;
    // Beside each WebSocket a browser may have a few connections for files.
    server.maxConnections = options.limits.connections * 2 + 64;
    const web = new WebServer(options, server, nodes);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: options.address, port: options.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => options.observer.problem(error, 'The listener for browsers has a fault'));
    return web;
  }

  private constructor(options: WebServerOptions, server: Server | HttpsServer, nodes: OtherNodes) {
    const { limits, meetings, clock, iceServers } = options;
    this.#options = options;
    this.#server = server;
    this.#nodes = nodes;
    this.#sessions = new Sessions({
      meetings,
      clock,
      iceServers,
      mostOfSource: limits.connectionsPerSource,
      nodes: () => nodes.urls(this.url),
    });
    this.#open = new OpenBySource(limits.connections, limits.connectionsPerSource);
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.messageBytes,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: (offered) => (offered.has(protocolName) ? protocolName : false),
    });
    // Before a TLS handshake, so that one source cannot keep all others out with connections that say nothing.
    const sockets = new OpenBySource(Number.POSITIVE_INFINITY, limits.connectionsPerSource * 2 + 16);
    server.on('connection', (socket) => {
      this.#tcp.add(socket);
      socket.once('close', () => this.#tcp.delete(socket));
      const source = sourceOf(socket.remoteAddress);
      // Behind a proxy every connection is the proxy's, which has limits of its own.
      if (options.trustProxy === true) return;
      if (sockets.enter(source) === 'ok') socket.once('close', () => sockets.leave(source));
      else socket.destroy();
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get address(): string {
    return (this.#server.address() as AddressInfo).address;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As participants reach the page, without a slash at the end. */
  get url(): string {
    const { url, tls } = this.#options;
    if (url !== undefined) return url;
    const host = this.address.includes(':') ? `[${this.address}]` : this.address;
    return `${tls ? 'https' : 'http'}://${host}:${this.port}`;
  }

  /** Open WebSockets. */
  get connections(): number {
    return this.#open.open;
  }

  /** A new certificate, for connections from now on. */
  tlsChanged(tls: PemFiles): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext({ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' });
  }

  /** Other nodes came or went. */
  nodesChanged(): void {
    this.#nodes.look();
  }

  /** Takes no new connection, and ends those there are. The seats are the meetings' to end: close them first, so that pages hear why. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of [...this.#connections]) connection.close(1001, 'The service stops');
    this.#server.closeIdleConnections();
    const cut = this.#options.clock.after(CLOSE_MS, () => this.#cutAll());
    this.#sessions.close();
    await closed;
    cut.cancel();
    this.#sockets.close();
  }

  #cutAll(): void {
    for (const connection of [...this.#connections]) connection.terminate();
    // Those too that were refused an upgrade, are in a TLS handshake, or read a file at their leisure.
    for (const socket of [...this.#tcp]) socket.destroy();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const source = sourceOf(this.#addressOf(request));
    const refusal = this.#judge(request) ?? this.#enter(source);
    if (refusal) {
      this.#options.observer.refused(refusal.why);
      // node:http leaves it half open, and half open it would stay for as long as the other end likes.
      const cut = this.#options.clock.after(REFUSED_MS, () => socket.destroy());
      socket.once('close', () => cut.cancel());
      socket.resume();
      socket.end(`HTTP/1.1 ${refusal.status}\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${refusal.text}\n`);
      return;
    }
    let left = false;
    const leave = () => {
      if (!left) this.#open.leave(source);
      left = true;
    };
    // Also where the handshake fails, and no WebSocket comes of it.
    socket.once('close', leave);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#connected(webSocket, source));
  }

  #judge({ url, headers }: IncomingMessage) {
    const [path] = (url ?? '').split('?');
    if (path !== '/ws') return { why: 'path', status: '404 Not Found', text: 'WebSockets are at /ws' } as const;
    const { origin } = headers;
    const own = [
      this.#options.url === undefined ? undefined : originOf(this.#options.url),
      `${this.#options.tls ? 'https' : 'http'}://${headers.host}`,
    ];
    // A page of another site would otherwise speak with the address and the trust of whoever has it open (RFC 6455 §10.2).
    if (origin === undefined || !(own.includes(origin) || this.#nodes.origins().includes(origin))) {
      return { why: 'origin', status: '403 Forbidden', text: 'Only the meeting page of this service may connect (Origin)' } as const;
    }
    const offered = String(headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
    if (!offered.includes(protocolName)) {
      return { why: 'protocol', status: '400 Bad Request', text: `Speak ${protocolName}: load the page again` } as const;
    }
    return undefined;
  }

  #enter(source: string) {
    const why = this.#open.enter(source);
    if (why === 'ok') return undefined;
    return why === 'full'
      ? ({ why, status: '503 Service Unavailable', text: 'As many pages as may be are connected: try later' } as const)
      : ({ why, status: '429 Too Many Requests', text: 'Too many pages are connected from your network: try later' } as const);
  }

  #connected(webSocket: WebSocket, source: string): void {
    const { clock, limits, observer } = this.#options;
    const connection: Connection = new Connection(webSocket, {
      clock,
      messagesPerSecond: limits.messagesPerSecond,
      join: (request) => this.#sessions.join(request, source),
      confirmed: (session) => this.#sessions.confirmed(session),
      broken: (session) => this.#sessions.broken(session),
      cut: (why) => observer.refused(why),
      problem: (error, text) => observer.problem(error, text),
    });
    this.#connections.add(connection);
    webSocket.once('close', () => this.#connections.delete(connection));
  }

  #addressOf(request: IncomingMessage): string | undefined {
    const forwarded = this.#options.trustProxy === true ? String(request.headers['x-forwarded-for'] ?? '') : '';
    const last = (forwarded.split(',').at(-1) ?? '').trim().replace(/^\[(.*)\]$/, '$1');
    return isIP(last) === 0 ? request.socket.remoteAddress : last;
  }
}
