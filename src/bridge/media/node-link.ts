import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { isIPv6 } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../clock.js';
import type { MemberId } from '../../state/member-store.js';
import { NeighbourNode } from './node-link-borrower.js';
import { maxMessage, webSocketCarrier } from './node-link-carrier.js';
import { Lender } from './node-link-lender.js';
import { type Secret, serverTls } from './node-link-tls.js';
import type { PartHandle, PartListener, PartPlace } from './part-place.js';

/** Another node that announced itself: where it is linked to, and the load of its workers. */
export interface AnnouncedNode {
  readonly member: MemberId;
  readonly url: string;
  readonly load: number;
}

export interface NodeLinkObserver {
  /** A link is gone, and with it so many parts of meetings held here. */
  broke(member: MemberId, parts: number): void;
  /** Somebody who does not have the store's secret, or is no node. */
  refused(address: string, reason: string): void;
}

export interface NodeLinkOptions {
  /** Where other nodes are listened to; port 0: any. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Where they reach it, if that is another address. */
  readonly advertised?: { readonly host: string; readonly port?: number | undefined } | undefined;
  readonly self: MemberId;
  /** Of the program: only nodes of the same one link. */
  readonly version: string;
  readonly secret: Secret;
  /** The other nodes as the store knows them now. */
  readonly others: () => readonly AnnouncedNode[];
  /** Makes a part here for another node. */
  readonly lend: (listener: PartListener) => Promise<PartHandle>;
  readonly observer: NodeLinkObserver;
  readonly clock?: Clock;
  /** How often a sign of life is asked for, ms; default 2000. */
  readonly beatMs?: number;
}

const maxLinks = 64;

/**
 * Lends parts on this node's workers to other nodes, and borrows theirs: the same requests as to a thread, over a WebSocket for each pair of
 * nodes and direction. Media go by pipes of their own.
 */
export class NodeLink {
  /** For the member store: where others link to this node. */
  readonly url: string;
  readonly #options: NodeLinkOptions;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #lenders = new Set<Lender>();
  readonly #neighbours = new Map<string, NeighbourNode>();

  /** Rejects when it cannot listen. */
  static async open(options: NodeLinkOptions): Promise<NodeLink> {
    const server = createServer({ ...serverTls(options.secret), headersTimeout: 5000, requestTimeout: 5000, maxHeaderSize: 8192 });
    server.listen(options.listen.port, options.listen.address);
    await once(server, 'listening');
    return new NodeLink(server, options);
  }

  private constructor(server: Server, options: NodeLinkOptions) {
    this.#options = options;
    this.#server = server;
    this.#path = `/bridge/${options.version}`;
    this.url = urlOf(server, options) + this.#path;
    this.#sockets = new WebSocketServer({ server, path: this.#path, maxPayload: maxMessage, perMessageDeflate: false });
    this.#sockets.on('connection', (socket, request) => this.#linked(socket, request.socket.remoteAddress ?? ''));
    server.on('tlsClientError', (error, socket) => options.observer.refused(socket.remoteAddress ?? '', error.message));
    // What is no upgrade comes from a node, but not from one that we know how to answer.
    server.on('request', (_request, response) => response.writeHead(426).end());
  }

  /** Parts that other nodes have here. */
  get lent(): number {
    return [...this.#lenders].reduce((sum, { parts }) => sum + parts, 0);
  }

  /** Parts that this node has on others. */
  get borrowed(): number {
    return [...this.#neighbours.values()].reduce((sum, { parts }) => sum + parts, 0);
  }

  /** Nodes that a part can be borrowed from, the least loaded first. */
  places(): readonly PartPlace[] {
    this.#meet();
    return [...this.#neighbours.values()].filter(({ isReachable }) => isReachable).toSorted((a, b) => a.load - b.load);
  }

  async close(): Promise<void> {
    for (const lender of [...this.#lenders]) lender.close();
    await Promise.all([...this.#neighbours.values()].map((node) => node.close()));
    this.#sockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Takes over what the store knows now: who came, who left, and their load. */
  #meet(): void {
    const { self, secret, clock, beatMs, observer, others } = this.#options;
    const known = new Map(
      others()
        .filter(({ member, url }) => member !== self && url.endsWith(this.#path))
        .map((other) => [`${other.member} ${other.url}`, other]),
    );
    for (const [key, node] of this.#neighbours) {
      if (known.has(key) || node.parts > 0) continue;
      this.#neighbours.delete(key);
      node.close().catch(() => undefined); // never rejects: it waits for nobody else
    }
    for (const [key, { member, url, load }] of known) {
      let node = this.#neighbours.get(key);
      if (!node) {
        const broke = (from: MemberId, parts: number): void => observer.broke(from, parts);
        node = new NeighbourNode(member, url, { self, secret, broke, ...(clock ? { clock } : {}), ...(beatMs ? { beatMs } : {}) });
        this.#neighbours.set(key, node);
      }
      node.load = load;
    }
  }

  #linked(socket: WebSocket, address: string): void {
    if (this.#lenders.size >= maxLinks) {
      this.#options.observer.refused(address, `there are ${maxLinks} links already`);
      socket.terminate();
      return;
    }
    const { lend, beatMs, clock } = this.#options;
    this.#lenders.add(
      new Lender(webSocketCarrier(socket, beatMs, clock), `the node at ${address}`, lend, (ended) => this.#lenders.delete(ended)),
    );
  }
}

function urlOf(server: Server, { listen, advertised }: NodeLinkOptions): string {
  const bound = server.address();
  const own = typeof bound === 'object' && bound ? bound.port : listen.port;
  const host = advertised?.host ?? listen.address;
  return `wss://${isIPv6(host) ? `[${host}]` : host}:${advertised?.port ?? own}`;
}
