import { randomInt } from 'node:crypto';
import { hexOf } from '../call-identifier.js';
import { type H225Message, readH225 } from '../q931/h225-message.js';
import { callState, cause } from '../q931/information-elements.js';
import { MAX_CALL_REFERENCE } from '../q931/q931-message.js';
import type { ConnectTarget, SignallingConnection } from './context.js';
import { Leg } from './leg.js';
import { protocolIdentifier } from './protocol.js';

export interface LegsOptions {
  readonly connect: (target: ConnectTarget) => Promise<SignallingConnection>;
  /** A Setup that begins a call; its leg has no owner yet. */
  readonly onSetup: (leg: Leg, message: H225Message) => void;
  readonly observer: {
    received(type: string): void;
    malformed(why: string, source: string): void;
    fault(error: unknown, callIdentifier: string): void;
  };
  /** Calls on one connection at the same time. */
  readonly callsPerConnection: number;
}

/** One connection and the calls on it. */
interface Carrier {
  readonly connection: SignallingConnection;
  readonly legs: Map<number, Leg>;
  /** Where it leads, when we opened it. */
  readonly target: string | undefined;
  /** The far end takes several calls on this connection (H.225.0 §7.3, multipleCalls). */
  multipleCalls: boolean;
  /** The far end wants it kept when no call is left (maintainConnection). */
  maintain: boolean;
  /** It failed a call: none is put on it any more. */
  retired: boolean;
  lastReference: number;
}

/** Q.850 81, invalid call reference value: an answer to what concerns no call of ours. */
const INVALID_CALL_REFERENCE = 81;
/** Q.931 §4.5.7: the state of a call that does not exist. */
const NULL_STATE = 0;

/**
 * All legs, by connection and call reference: what comes in on a connection finds its leg here, and new legs find a connection. A connection
 * without a leg is closed, unless the far end wants it kept.
 */
export class Legs {
  readonly #options: LegsOptions;
  readonly #carriers = new Map<SignallingConnection, Carrier>();
  /** Those that take further calls, by where they lead. */
  readonly #shared = new Map<string, Carrier>();

  constructor(options: LegsOptions) {
    this.#options = options;
  }

  /** Connections that carry calls or are kept for some. */
  get connections(): number {
    return this.#carriers.size;
  }

  /** Whether a call, or the far end's wish, still needs this connection. */
  isNeeded(connection: SignallingConnection): boolean {
    const carrier = this.#carriers.get(connection);
    return carrier !== undefined && carrier.legs.size > 0;
  }

  /** Takes over a connection that was just opened, by either side. */
  attach(connection: SignallingConnection, target?: string): void {
    const carrier: Carrier = {
      connection,
      legs: new Map(),
      target,
      multipleCalls: false,
      maintain: false,
      retired: false,
      lastReference: randomInt(1, MAX_CALL_REFERENCE),
    };
    this.#carriers.set(connection, carrier);
    connection.onMessage((payload) => this.#receive(carrier, payload));
    connection.onClose((why) => this.#closed(carrier, why));
  }

  /** A leg to `target`, on a connection that leads there already or on a new one. Rejects when there is no connection to be had. */
  async open(target: ConnectTarget): Promise<Leg> {
    const key = `${target.secure ? 'tls' : 'tcp'} ${target.address} ${target.port}`;
    const shared = this.#shared.get(key);
    // One that is kept, but takes a single call at a time, is free when it carries none.
    if (shared && shared.legs.size < (shared.multipleCalls ? this.#options.callsPerConnection : 1)) {
      const leg = this.#newLeg(shared);
      leg.reused = true;
      return leg;
    }
    const connection = await this.#options.connect(target);
    this.attach(connection, key);
    const carrier = this.#carriers.get(connection);
    if (!carrier) throw new Error(`${target.address}:${target.port} closed the connection at once`);
    return this.#newLeg(carrier);
  }

  /** What the far end said of the connection in a message of a call. */
  learn(leg: Leg, terms: { readonly multipleCalls?: boolean | undefined; readonly maintainConnection?: boolean | undefined }): void {
    const carrier = this.#carriers.get(leg.connection);
    if (!carrier) return;
    carrier.multipleCalls = terms.multipleCalls ?? carrier.multipleCalls;
    carrier.maintain = !carrier.retired && (terms.maintainConnection ?? carrier.maintain);
    if (carrier.target === undefined) return;
    if (carrier.multipleCalls || carrier.maintain) this.#share(carrier.target, carrier);
    else this.#unshare(carrier);
  }

  /** No further calls on the connection of this leg; those that are on it go on. */
  retire(leg: Leg): void {
    const carrier = this.#carriers.get(leg.connection);
    if (!carrier) return;
    carrier.retired = true;
    carrier.maintain = false;
    this.#unshare(carrier);
  }

  #share(target: string, carrier: Carrier): void {
    if (!carrier.retired) this.#shared.set(target, carrier);
  }

  #unshare(carrier: Carrier): void {
    if (carrier.target !== undefined && this.#shared.get(carrier.target) === carrier) this.#shared.delete(carrier.target);
  }

  /** The call is over on this leg. The connection goes with its last leg, once everything is sent. */
  close(leg: Leg): void {
    leg.released = true;
    leg.owner = undefined;
    const carrier = this.#carriers.get(leg.connection);
    if (!carrier?.legs.delete(keyOf(leg.callReference, leg.outgoing))) return;
    if (carrier.legs.size === 0 && !carrier.maintain) {
      this.#forget(carrier);
      carrier.connection.end();
    }
  }

  /** Finds out which of the connections that carry calls still stand: a dead one closes, and its calls end. To be called now and then. */
  keepAlive(): void {
    for (const { connection, legs } of this.#carriers.values()) if (legs.size > 0) connection.sendKeepAlive();
  }

  /** Ends every connection that carries no call. */
  closeIdle(): void {
    for (const carrier of [...this.#carriers.values()]) {
      if (carrier.legs.size > 0) continue;
      this.#forget(carrier);
      carrier.connection.end();
    }
  }

  #newLeg(carrier: Carrier): Leg {
    let reference = carrier.lastReference;
    do {
      reference = reference >= MAX_CALL_REFERENCE ? 1 : reference + 1;
    } while (carrier.legs.has(keyOf(reference, true)));
    carrier.lastReference = reference;
    return this.#add(carrier, new Leg(carrier.connection, reference, true));
  }

  #add(carrier: Carrier, leg: Leg): Leg {
    carrier.legs.set(keyOf(leg.callReference, leg.outgoing), leg);
    return leg;
  }

  #receive(carrier: Carrier, payload: Buffer): void {
    const { observer, callsPerConnection, onSetup } = this.#options;
    const read = readH225(payload);
    if (!read.ok) {
      observer.malformed(read.error, carrier.connection.remote.address);
      return;
    }
    if (read.unreadable !== undefined) observer.malformed(read.unreadable, carrier.connection.remote.address);
    const { q931 } = read.message;
    observer.received(typeof q931.type === 'string' ? q931.type : 'unknown');
    // The global call reference concerns no call (Q.931 §4.3): keep-alives of several stacks.
    if (q931.callReference === 0) return;
    const outgoing = q931.fromDestination;
    const leg = this.#legOf(carrier, read.message);
    try {
      if (leg) {
        leg.owner?.onMessage(leg, read.message);
      } else if (q931.type === 'setup' && !outgoing) {
        const fresh = new Leg(carrier.connection, q931.callReference, false);
        if (carrier.legs.size >= callsPerConnection) {
          this.#refuseConnection(fresh, read.message);
          return;
        }
        onSetup(this.#add(carrier, fresh), read.message);
      } else {
        this.#answerStray(carrier, read.message);
      }
    } catch (error) {
      observer.fault(error, '');
    }
  }

  /**
   * The leg that a message is for. Some stacks get the flag of the call reference wrong; where only one leg has the number it is meant. A
   * Setup that takes the reference of a call for another one says that the earlier is gone there.
   */
  #legOf(carrier: Carrier, { q931, uuie }: H225Message): Leg | undefined {
    const leg = carrier.legs.get(keyOf(q931.callReference, q931.fromDestination));
    if (q931.type !== 'setup') return leg ?? carrier.legs.get(keyOf(q931.callReference, !q931.fromDestination));
    const body = uuie?.['h323-uu-pdu']['h323-message-body'];
    const named = body?.type === 'setup' ? body.value.callIdentifier?.guid : undefined;
    if (!leg?.callId || !named || hexOf(named) === leg.callId) return leg;
    const { owner } = leg;
    // Not `close`: the connection goes on with the call that comes.
    carrier.legs.delete(keyOf(leg.callReference, leg.outgoing));
    leg.released = true;
    leg.owner = undefined;
    owner?.onLost(leg, 'its call reference was used for another call');
    return undefined;
  }

  /** H.225.0 §7.2.2.8: there may be room on another connection. */
  #refuseConnection(leg: Leg, { uuie }: H225Message): void {
    const body = uuie?.['h323-uu-pdu']['h323-message-body'];
    const guid = body?.type === 'setup' ? body.value.callIdentifier?.guid : undefined;
    leg.release({ reason: 'newConnectionNeeded', cause: 47, callIdentifier: guid ?? new Uint8Array(16) });
  }

  /** Q.931 §5.8.3.2: what concerns no call of ours is answered so that the far end lets go of it. */
  #answerStray(carrier: Carrier, { q931 }: H225Message): void {
    const { type, callReference, fromDestination } = q931;
    if (type === 'releaseComplete' || type === 'status') return;
    const leg = new Leg(carrier.connection, callReference, fromDestination);
    const callIdentifier = new Uint8Array(16);
    if (type === 'statusInquiry') {
      const body = { type: 'status', value: { protocolIdentifier, callIdentifier: { guid: callIdentifier } } } as const;
      leg.send('status', [cause(INVALID_CALL_REFERENCE), callState(NULL_STATE)], { 'h323-uu-pdu': { 'h323-message-body': body } });
      return;
    }
    leg.release({ reason: 'undefinedReason', cause: INVALID_CALL_REFERENCE, callIdentifier });
  }

  #closed(carrier: Carrier, why: string): void {
    this.#forget(carrier);
    for (const leg of [...carrier.legs.values()]) {
      leg.released = true;
      const { owner } = leg;
      leg.owner = undefined;
      carrier.legs.delete(keyOf(leg.callReference, leg.outgoing));
      try {
        owner?.onLost(leg, why);
      } catch (error) {
        this.#options.observer.fault(error, '');
      }
    }
  }

  #forget(carrier: Carrier): void {
    this.#carriers.delete(carrier.connection);
    this.#unshare(carrier);
  }
}

/** References of both sides live side by side: ours and theirs may be the same number. */
function keyOf(callReference: number, outgoing: boolean): number {
  return callReference * 2 + (outgoing ? 1 : 0);
}
