import type { H245Routing, SignallingConnection, SocketAddress } from './context.js';

export type Side = 'caller' | 'callee';

export interface H245RelayOptions {
  readonly routing: H245Routing;
  readonly connectMs: number;
  /** Every message, before it goes on; false: the call is being ended, and it does not. */
  readonly inspect: (payload: Uint8Array, from: Side) => boolean;
  /** Where the connections stand as long as they are up. */
  readonly connections: Set<SignallingConnection>;
}

/** Who is told of a stand-in, and may connect to it. */
export interface Towards {
  /** Its signalling. */
  readonly connection: SignallingConnection;
  /** Whether its H.245 may come from this IP address. */
  readonly from: (address: string) => boolean;
}

/** Messages that wait for the far connection to be opened. */
const MAX_WAITING = 32;
/** H.245 addresses of one party that something stands in for at the same time: it needs one, and some more when it is transferred. */
const MAX_RELAYS = 4;

/** An address that a party named, and the port of ours that leads there. */
class Relay {
  readonly side: Side;
  readonly address: SocketAddress;
  /** Its connections: that of the party that connected to us, and ours to the other. */
  readonly ends = new Set<SignallingConnection>();
  /** Somebody connected: the port takes no other. */
  used = false;
  closed = false;
  /** Undefined: there is no free port. */
  standIn: Promise<SocketAddress | undefined> = Promise.resolve(undefined);
  #port: { close(): void } | undefined;

  constructor(side: Side, address: SocketAddress) {
    this.side = side;
    this.address = address;
  }

  get key(): string {
    return keyOf(this.side, this.address);
  }

  open(port: { close(): void }): void {
    this.#port = port;
    if (this.closed) port.close();
  }

  close(): void {
    this.closed = true;
    this.#port?.close();
    for (const connection of [...this.ends]) connection.end();
  }
}

/** The separate H.245 connections of one call, led through us: for each address that a party names, a port of ours that leads there. */
export class H245Relays {
  readonly #options: H245RelayOptions;
  /** Oldest first. */
  readonly #relays = new Map<string, Relay>();
  #closed = false;

  constructor(options: H245RelayOptions) {
    this.#options = options;
  }

  /**
   * The address of ours that stands in for `address`, which `side` named, in what goes on over `towards`. The same one for the same address,
   * until its port expires or its connection ends. Undefined: there is no free port.
   */
  standIn(address: SocketAddress, side: Side, towards: Towards): Promise<SocketAddress | undefined> {
    const known = this.#relays.get(keyOf(side, address));
    if (known) return known.standIn;
    if (this.#closed) return Promise.resolve(undefined);
    this.#makeRoom(side);
    const relay = new Relay(side, address);
    this.#relays.set(relay.key, relay);
    relay.standIn = this.#open(relay, towards);
    return relay.standIn;
  }

  /** The call goes to another target: what stood in for an address towards the one before is closed. */
  reset(): void {
    for (const relay of [...this.#relays.values()]) this.#drop(relay);
  }

  close(): void {
    this.#closed = true;
    this.reset();
  }

  /** The oldest goes that nobody connected to; where all carry a connection, the oldest of those. */
  #makeRoom(side: Side): void {
    const own = [...this.#relays.values()].filter((relay) => relay.side === side);
    const last = own.find(({ used }) => !used) ?? own[0];
    if (own.length >= MAX_RELAYS && last) this.#drop(last);
  }

  #drop(relay: Relay): void {
    this.#forget(relay);
    relay.close();
  }

  /** Whoever is told of the address once more gets a new port for it. */
  #forget(relay: Relay): void {
    if (this.#relays.get(relay.key) === relay) this.#relays.delete(relay.key);
  }

  async #open(relay: Relay, { connection, from }: Towards): Promise<SocketAddress | undefined> {
    const port = await this.#options.routing.listen({
      towards: connection,
      from,
      onConnection: (near) => this.#join(near, relay),
      onExpired: () => this.#drop(relay),
    });
    if (port) relay.open(port);
    else this.#forget(relay);
    return port?.address;
  }

  /** `near` is the party that connected to us; the relay's address is that of the other. */
  #join(near: SignallingConnection, relay: Relay): void {
    const { routing, connectMs, inspect } = this.#options;
    const { side, address } = relay;
    const nearSide: Side = side === 'caller' ? 'callee' : 'caller';
    const waiting: Uint8Array[] = [];
    let far: SignallingConnection | undefined;
    let over = relay.closed;
    const end = () => {
      over = true;
      near.end();
      far?.end();
      this.#forget(relay);
    };
    relay.used = true;
    this.#hold(near, relay, end);
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
      connection.onMessage((payload) => {
        if (!over && inspect(payload, side)) near.send(payload);
      });
      this.#hold(connection, relay, end);
      for (const payload of waiting.splice(0)) connection.send(payload);
    }, end);
  }

  #hold(connection: SignallingConnection, { ends }: Relay, end: () => void): void {
    const { connections } = this.#options;
    ends.add(connection);
    connections.add(connection);
    connection.onClose(() => {
      ends.delete(connection);
      connections.delete(connection);
      end();
    });
  }
}

const keyOf = (side: Side, { address, port }: SocketAddress): string => `${side} ${address} ${port}`;
