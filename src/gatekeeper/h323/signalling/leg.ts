import type { H323UserInformation } from '../asn1/h225.js';
import { type H225Message, writeH225 } from '../q931/h225-message.js';
import { cause, display } from '../q931/information-elements.js';
import type { InformationElement, Q931MessageType } from '../q931/q931-message.js';
import type { SignallingConnection } from './context.js';
import { protocolIdentifier } from './protocol.js';
import type { PlainReleaseReason } from './release-reasons.js';

/** Who is told what happens on a leg. */
export interface LegOwner {
  onMessage(leg: Leg, message: H225Message): void;
  /** The connection under the leg closed; the leg is gone. */
  onLost(leg: Leg, why: string): void;
}

export interface LegRelease {
  readonly reason: PlainReleaseReason;
  /** Q.850. */
  readonly cause: number;
  /** For the display of who is released: a sentence. */
  readonly text?: string | undefined;
  readonly callIdentifier: Uint8Array;
}

/**
 * One party's side of a call: a call reference on a connection (Q.931 §4.3). Several share a connection where the parties agreed on that
 * (H.323 §7.3, multipleCalls).
 */
export class Leg {
  owner: LegOwner | undefined;
  /** The call that it belongs to, once that is known. */
  callId: string | undefined;
  /** Nothing is sent any more: Release Complete went one way or the other, or the connection closed. */
  released = false;
  /** It was put on a connection that had stood for a while: the far end may just be closing it. */
  reused = false;
  readonly connection: SignallingConnection;
  readonly callReference: number;
  /** We chose the call reference: the far end is called by us. */
  readonly outgoing: boolean;

  constructor(connection: SignallingConnection, callReference: number, outgoing: boolean) {
    this.connection = connection;
    this.callReference = callReference;
    this.outgoing = outgoing;
  }

  /** False: it was not sent, as the leg is released, the connection closed, or the message longer than a TPKT can be. */
  send(type: Q931MessageType, elements: readonly InformationElement[], uuie: H323UserInformation | undefined): boolean {
    if (this.released) return false;
    if (type === 'releaseComplete') this.released = true;
    // The flag tells which side chose the reference (Q.931 §4.3): both sides may use the same number at once.
    const q931 = { callReference: this.callReference, fromDestination: !this.outgoing, type, elements };
    return this.connection.send(writeH225({ q931, uuie }));
  }

  release({ reason, cause: value, text, callIdentifier }: LegRelease): void {
    const elements = [cause(value, 'privateNetworkLocalUser'), ...(text === undefined ? [] : [display(text)])];
    this.send('releaseComplete', elements, {
      'h323-uu-pdu': {
        'h323-message-body': {
          type: 'releaseComplete',
          value: { protocolIdentifier, reason: { type: reason, value: null }, callIdentifier: { guid: callIdentifier } },
        },
        h245Tunneling: false,
      },
    });
  }
}
