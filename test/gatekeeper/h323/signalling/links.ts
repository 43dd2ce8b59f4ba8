import type { H323MessageBody, H323UUPDU } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { type H225Message, readH225, writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { causeOf, displayOf } from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import type { InformationElement, Q931MessageType } from '../../../../src/gatekeeper/h323/q931/q931-message.js';
import type { SignallingConnection, SocketAddress } from '../../../../src/gatekeeper/h323/signalling/context.js';

let connections = 0;

export interface LinkOptions {
  /** Of the far end, as the gatekeeper sees it. */
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly secure?: boolean;
  readonly certificateNames?: readonly string[];
}

/** A connection in memory: one end is the gatekeeper's, the other is played by the test, with the bytes that would be on the wire. */
export class Link {
  /** The gatekeeper's end. */
  readonly connection: SignallingConnection;
  /** What the gatekeeper sent, oldest first. */
  readonly inbox: Buffer[] = [];
  keepAlives = 0;
  /** Why it is closed; undefined: it is open. */
  closed: string | undefined;
  #onMessage: ((payload: Buffer) => void) | undefined;
  readonly #onClose: ((why: string) => void)[] = [];
  #received: (bytes: Buffer) => void = (bytes) => this.inbox.push(bytes);

  constructor({ remote, local, secure = false, certificateNames = [] }: LinkOptions) {
    const link = this;
    this.connection = {
      id: `test-${++connections}`,
      remote,
      local,
      secure,
      certificateNames,
      get closed() {
        return link.closed !== undefined;
      },
      send: (payload) => {
        if (this.closed !== undefined) return false;
        this.#received(Buffer.from(payload));
        return true;
      },
      sendKeepAlive: () => {
        this.keepAlives += 1;
        return this.closed === undefined;
      },
      onMessage: (handler) => {
        this.#onMessage = handler;
      },
      onClose: (handler) => {
        if (this.closed === undefined) this.#onClose.push(handler);
        else handler(this.closed);
      },
      end: () => this.#close('ended-here'),
    };
  }

  send(bytes: Uint8Array): void {
    if (this.closed !== undefined) throw new Error(`The connection is closed: ${this.closed}`);
    this.#onMessage?.(Buffer.from(bytes));
  }

  /** The far end closes it, or the network loses it. */
  lose(why = 'lost'): void {
    this.#close(why);
  }

  /** Hands what comes from now on, and what waits, to another reader. */
  read(received: (bytes: Buffer) => void): void {
    this.#received = received;
    for (const bytes of this.inbox.splice(0)) received(bytes);
  }

  #close(why: string): void {
    if (this.closed !== undefined) return;
    this.closed = why;
    for (const handler of this.#onClose.splice(0)) handler(why);
  }
}

export interface Sent {
  readonly elements?: readonly InformationElement[] | undefined;
  /** Beside the body: h245Control, h245Tunneling, nonStandardData… */
  readonly pdu?: Partial<H323UUPDU>;
}

/** The far end of signalling: sorts what comes on a link by call reference. */
export class Wire {
  readonly link: Link;
  /** Messages that belong to no leg the test made. */
  readonly strays: H225Message[] = [];
  readonly #legs = new Map<string, TestLeg>();
  /** Told of each Setup that comes in. */
  onSetup: ((leg: TestLeg) => void) | undefined;

  constructor(link: Link) {
    this.link = link;
    link.read((bytes) => this.#received(bytes));
  }

  /** A leg with a call reference that this side chooses. */
  leg(callReference: number): TestLeg {
    return this.#add(new TestLeg(this, callReference, false));
  }

  #add(leg: TestLeg): TestLeg {
    this.#legs.set(`${leg.callReference} ${leg.fromGatekeeper}`, leg);
    return leg;
  }

  #received(bytes: Buffer): void {
    const read = readH225(bytes);
    if (!read.ok || read.unreadable !== undefined) throw new Error(`The gatekeeper sent what cannot be read: ${JSON.stringify(read)}`);
    const { q931 } = read.message;
    const key = `${q931.callReference} ${!q931.fromDestination}`;
    const leg = this.#legs.get(key);
    if (leg) {
      leg.received.push(read.message);
    } else if (q931.type === 'setup' && !q931.fromDestination) {
      const called = this.#add(new TestLeg(this, q931.callReference, true));
      called.received.push(read.message);
      this.onSetup?.(called);
    } else {
      this.strays.push(read.message);
    }
  }
}

export type Body<T extends H323MessageBody['type']> = Extract<H323MessageBody, { readonly type: T }>['value'];

/** One party's side of a call, played by the test. */
export class TestLeg {
  readonly wire: Wire;
  readonly callReference: number;
  readonly fromGatekeeper: boolean;
  /** What came and was not taken yet. */
  readonly received: H225Message[] = [];

  constructor(wire: Wire, callReference: number, fromGatekeeper: boolean) {
    this.wire = wire;
    this.callReference = callReference;
    this.fromGatekeeper = fromGatekeeper;
  }

  get types(): Q931MessageType[] {
    return this.received.map(({ q931 }) => q931.type);
  }

  sendBody(type: Q931MessageType, body: H323MessageBody, { elements = [], pdu = {} }: Sent = {}): void {
    const q931 = { callReference: this.callReference, fromDestination: this.fromGatekeeper, type, elements };
    this.wire.link.send(writeH225({ q931, uuie: { 'h323-uu-pdu': { 'h323-message-body': body, ...pdu } } }));
  }

  /** Without a user-user element. */
  sendBare(type: Q931MessageType, elements: readonly InformationElement[] = []): void {
    const q931 = { callReference: this.callReference, fromDestination: this.fromGatekeeper, type, elements };
    this.wire.link.send(writeH225({ q931, uuie: undefined }));
  }

  /** The next message, which must be of this type. */
  take(type: Q931MessageType): H225Message {
    const message = this.received.shift();
    const came = JSON.stringify(message?.q931.type ?? 'nothing');
    if (!message || came !== JSON.stringify(type)) throw new Error(`Expected ${JSON.stringify(type)}, and there is ${came}`);
    return message;
  }

  /** The next message's body. */
  takeBody<T extends H323MessageBody['type']>(type: T): Body<T> {
    const message = this.received.shift();
    return bodyOf(message, type);
  }
}

export function bodyOf<T extends H323MessageBody['type']>(message: H225Message | undefined, type: T): Body<T> {
  const body = message?.uuie?.['h323-uu-pdu']['h323-message-body'];
  if (body?.type !== type) throw new Error(`Expected ${type}, and there is ${body?.type ?? message?.q931.type ?? 'nothing'}`);
  return body.value as Body<T>;
}

/** How somebody was released, as it stands in the message. */
export function releaseOf(message: H225Message): { reason: string | undefined; cause: number | undefined; display: string | undefined } {
  const body = message.uuie?.['h323-uu-pdu']['h323-message-body'];
  return {
    reason: body?.type === 'releaseComplete' ? body.value.reason?.type : undefined,
    cause: causeOf(message.q931)?.value,
    display: displayOf(message.q931),
  };
}
