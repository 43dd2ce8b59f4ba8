import type { H245Routing, SignallingConnection, SocketAddress } from './context.js';

export type Side = 'caller' | 'callee';

export interface H245RelayOptions {
  readonly routing: H245Routing;
  readonly connectMs: number;
  /** Every message, before it goes on; false: the call is being ended, and it does not. */
  readonly inspect: (payload: Uint8Array, from: Side) => boolean;
}

/** Who is told of a stand-in, and may connect to it. */
export interface Towards {
  /** Its signalling. */
  readonly connection: SignallingConnection;
  /** Its IP address; undefined: H.245 may come from another, as behind a gatekeeper. */
  readonly from: string | undefined;
}

/** Messages that wait for the far connection to be opened. */
const MAX_WAITING = 32;
/** H.245 addresses that one call may name: each party one, and some more when it is transferred. */
const MAX_RELAYS = 8;

interface Relay {
  readonly port: { readonly address: SocketAddress; close(): void };
  readonly ends: Set<SignallingConnection>;
}

/** The separate H.245 connections of one call, led through us: for each address that a party names, a port of ours that leads there. */
export class H245Relays {
  readonly #options: H245RelayOptions;
  readonly #relays = new Map<string, Promise<Relay | undefined>>();
  #closed = false;

  constructor(options: H245RelayOptions) {
    this.#options = options;
  }

  /**
   * The address of ours that stands in for `address`, which `side` named, in what goes on over `towards`. The same one for the same address.
   * Undefined: there is no free port.
   */
  async standIn(address: SocketAddress, side: Side, towards: Towards): Promise<SocketAddress | undefined> {
    const key = `${side} ${address.address} ${address.port}`;
    let relay = this.#relays.get(key);
    if (!relay) {
      if (this.#closed || this.#relays.size >= MAX_RELAYS) return undefined;
      relay = this.#open(address, side, towards);
      this.#relays.set(key, relay);
    }
    return (await relay)?.port.address;
  }

  /** The call goes to another target: what stood in for an address towards the one before is closed. */
  reset(): void {
    for (const relay of this.#relays.values()) void relay.then(closeRelay, () => undefined);
    this.#relays.clear();
  }

  close(): void {
    this.#closed = true;
    this.reset();
  }

  async #open(address: SocketAddress, side: Side, { connection, from }: Towards): Promise<Relay | undefined> {
    const ends = new Set<SignallingConnection>();
    const port = await this.#options.routing.listen(connection, from, (near) => this.#join(near, address, side, ends));
    if (!port) return undefined;
    const relay = { port, ends };
    if (this.#closed) closeRelay(relay);
    return relay;
  }

  /** `near` is the party that connected to us; `address` is that of the other, `side`. */
  #join(near: SignallingConnection, address: SocketAddress, side: Side, ends: Set<SignallingConnection>): void {
    const { routing, connectMs, inspect } = this.#options;
    const nearSide: Side = side === 'caller' ? 'callee' : 'caller';
    const waiting: Uint8Array[] = [];
    let far: SignallingConnection | undefined;
    let over = this.#closed;
    const end = () => {
      over = true;
      near.end();
      far?.end();
      ends.delete(near);
      if (far) ends.delete(far);
    };
    ends.add(near);
    near.onClose(end);
    near.onMessage((payload) => {
      if (over || !inspect(payload, nearSide)) return;
      if (far) far.send(payload);
      else if (waiting.length < MAX_WAITING) waiting.push(Buffer.from(payload));
      else end();
    });
    if (over) {
      end();
      return;
    }
    routing.connect({ ...address, secure: false, timeoutMs: connectMs }).then((connection) => {
      if (over) {
        connection.end();
        return;
      }
      far = connection;
      ends.add(connection);
      connection.onMessage((payload) => {
        if (!over && inspect(payload, side)) near.send(payload);
      });
      connection.onClose(end);
      for (const payload of waiting.splice(0)) connection.send(payload);
    }, end);
  }
}

function closeRelay(relay: Relay | undefined): void {
  relay?.port.close();
  for (const connection of relay?.ends ?? []) connection.end();
}
