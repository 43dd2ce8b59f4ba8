import { WebSocket } from 'ws';
import { type Clock, systemClock, type Timer } from '../../clock.js';
import type { MemberId } from '../../state/member-store.js';
import { MediaError } from './media.js';
import { maxMessage, webSocketCarrier } from './node-link-carrier.js';
import type { PartLoad } from './node-link-lender.js';
import { clientTls, type Secret } from './node-link-tls.js';
import type { PartEvent } from './part-api.js';
import type { PartHandle, PartListener, PartPlace } from './part-place.js';
import { Rpc } from './rpc.js';
import { remotePart } from './rpc-part.js';

const connectMs = 3000;
/** A node that could not be reached is left alone for so long, and doubly so with each further time. */
const avoidMs = 5000;
const longestAvoidMs = 80_000;
/** A link that carries nothing is kept for so long. */
const idleMs = 30_000;

export interface BorrowerOptions {
  readonly self: MemberId;
  readonly secret: Secret;
  readonly clock?: Clock;
  readonly beatMs?: number;
  /** The link is gone, and the parts on it are lost. */
  broke(member: MemberId, parts: number): void;
}

/** Another node, as a place for parts. It is linked when the first is made, and no longer some time after the last is closed. */
export class NeighbourNode implements PartPlace {
  readonly node: MemberId;
  readonly url: string;
  /** As it announced itself. */
  load = 0;
  readonly #options: BorrowerOptions;
  readonly #clock: Clock;
  readonly #parts = new Map<string, PartListener>();
  #link: Promise<Rpc> | undefined;
  #idle: Timer | undefined;
  #avoidUntil = 0;
  #avoidMs = avoidMs;
  #closed = false;
  static #made = 0;

  constructor(node: MemberId, url: string, options: BorrowerOptions) {
    this.node = node;
    this.url = url;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** False for a while after it could not be reached. */
  get isReachable(): boolean {
    return this.#clock.now() >= this.#avoidUntil;
  }

  get parts(): number {
    return this.#parts.size;
  }

  async createPart(listener: PartListener): Promise<PartHandle> {
    this.#idle?.cancel();
    const rpc = await this.#linked();
    const id = `far.${++NeighbourNode.#made}`;
    this.#parts.set(id, listener);
    let own = 0;
    return {
      id,
      node: this.node,
      place: this,
      api: remotePart(rpc, id),
      get load() {
        return own;
      },
      carry: (legs, load) => {
        own = load;
        rpc.emit(id, { legs, load } satisfies PartLoad);
      },
      close: async () => {
        const had = this.#parts.delete(id);
        this.#rest();
        if (had && !rpc.closed) await rpc.call(id, 'close', []);
      },
    };
  }

  /** Its parts' listeners are told that they are lost. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#idle?.cancel();
    const link = this.#link;
    this.#link = undefined;
    const rpc = await link?.catch(() => undefined); // told to whoever wanted it
    rpc?.close();
  }

  #linked(): Promise<Rpc> {
    if (this.#closed) return Promise.reject(new MediaError('media_unavailable', `${this.node} is no neighbour any more`));
    this.#link ??= this.#connect().then(
      (rpc) => {
        this.#avoidMs = avoidMs;
        return rpc;
      },
      (error: unknown) => {
        this.#link = undefined;
        this.#avoidUntil = this.#clock.now() + this.#avoidMs;
        this.#avoidMs = Math.min(longestAvoidMs, this.#avoidMs * 2);
        throw error;
      },
    );
    return this.#link;
  }

  async #connect(): Promise<Rpc> {
    const { self, secret, beatMs } = this.#options;
    const socket = new WebSocket(this.url, {
      ...clientTls(secret, self),
      handshakeTimeout: connectMs,
      maxPayload: maxMessage,
      perMessageDeflate: false,
      followRedirects: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.on('error', (error) => reject(new MediaError('media_unavailable', this.#unreachable(error))));
    });
    return new Rpc(
      webSocketCarrier(socket, beatMs, this.#clock),
      {
        call: async (_target, method) => {
          throw new MediaError('out_of_turn', `A node that lends does not ask for ${method}`);
        },
        event: (target, event) => this.#event(target, event as PartEvent | { readonly event: 'lost' }),
        closed: () => this.#broke(),
      },
      { peer: `node ${this.node}`, clock: this.#clock },
    );
  }

  #unreachable({ message }: Error): string {
    // What TLS says of another key is of no help to who has to mend it.
    const why = /bad record mac|decrypt/i.test(message) ? 'it does not have the secret of this store' : message;
    return `Node ${this.node} cannot be reached at ${this.url}: ${why}`;
  }

  #event(target: string, event: PartEvent | { readonly event: 'lost' }): void {
    const listener = this.#parts.get(target);
    if (event.event === 'lost') {
      this.#parts.delete(target);
      this.#rest();
      listener?.lost();
    } else {
      listener?.event(event);
    }
  }

  #broke(): void {
    this.#link = undefined;
    const lost = [...this.#parts.values()];
    this.#parts.clear();
    if (!this.#closed) this.#options.broke(this.node, lost.length);
    for (const listener of lost) listener.lost();
  }

  #rest(): void {
    this.#idle?.cancel();
    if (this.#parts.size > 0 || this.#closed) return;
    this.#idle = this.#clock.after(idleMs, () => {
      const link = this.#link;
      this.#link = undefined;
      link?.then(
        (rpc) => rpc.close(),
        () => undefined, // told to whoever wanted it
      );
    });
  }
}
