import type { TransportAddress } from '../asn1/h225.js';
import { transportAddress } from '../ras/transport-address.js';
import type { SignallingConnection, SignallingContext } from './context.js';
import { type H245Party, h245Place, isAddressOf } from './h245-address.js';
import { H245Relays, type Side } from './h245-relay.js';

export interface H245WayOptions {
  readonly context: SignallingContext;
  readonly callId: string;
  /** Who is on this side now; undefined: nobody yet. */
  readonly party: (side: Side) => H245Party | undefined;
  /** Every message of a connection that is led through us, before it goes on; false: the call is being ended, and it does not. */
  readonly inspect: (payload: Uint8Array, from: Side) => boolean;
}

/** How the separate H.245 of one call goes: past us with its addresses as they are, or led through us, each address judged first. */
export class H245Way {
  readonly #options: H245WayOptions;
  readonly #relays: H245Relays | undefined;

  constructor(options: H245WayOptions) {
    const { h245, timers, relayed } = options.context;
    this.#options = options;
    this.#relays = h245 && new H245Relays({ routing: h245, connectMs: timers.connectMs, connections: relayed, inspect: options.inspect });
  }

  /** Whether addresses have to be given a stand-in. */
  get routed(): boolean {
    return this.#relays !== undefined;
  }

  /**
   * What stands in for an address that `side` named, in what goes on over `connection`; the address itself where H.245 goes past us.
   * Undefined: none, as H.245 there would go where it must not. `full`: no port is free.
   */
  async standIn(named: TransportAddress, side: Side, connection: SignallingConnection): Promise<TransportAddress | undefined | 'full'> {
    if (!this.#relays) return named;
    const { context, callId, party } = this.#options;
    const owner = party(side);
    const other = party(side === 'caller' ? 'callee' : 'caller');
    if (!owner || !other) return undefined;
    const place = h245Place(context, named, owner);
    if (!place.ok) {
      context.observer.leftOut(callId, place.sentence);
      return undefined;
    }
    const from = (address: string) => isAddressOf(context.plan(), other, address);
    const address = await this.#relays.standIn(place.address, side, { connection, from });
    return address ? transportAddress(address) : 'full';
  }

  /** Another target is called: the ports of the one before are not its own. */
  reset(): void {
    this.#relays?.reset();
  }

  close(): void {
    this.#relays?.close();
  }
}
