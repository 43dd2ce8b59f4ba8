import type { RasMessage, UnregRequestReason } from '../asn1/h225.js';
import type { RasSettings } from './context.js';
import type { Endpoint } from './endpoint.js';
import type { Question, QuestionType, Requests } from './requests.js';
import { type SocketAddress, transportAddress } from './transport-address.js';
import type { Who } from './who.js';

export interface QuestionsOptions {
  readonly requests: Requests;
  readonly who: Who;
  readonly settings: RasSettings;
  readonly rasAddress: (local: SocketAddress) => SocketAddress;
}

/** One call of an endpoint, as H.225.0 names it. */
export interface CallReference {
  /** 32 hexadecimal digits. */
  readonly callIdentifier: string;
  readonly conferenceId: string;
  readonly callReferenceValue: number;
  readonly answered: boolean;
}

/** H.225.0 §7.18.1: requests are sent again after three seconds, and at most once more. */
const ATTEMPTS = 2;
const INTERVAL_MS = 3000;
const NO_CALL = Buffer.alloc(16);

/** What a gatekeeper asks endpoints: whether they are there, to leave, to hang up, to take less bandwidth. */
export class Questions {
  readonly #options: QuestionsOptions;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** IRQ (H.225.0 §7.15.1): true when the endpoint answers by IRR, and when it could not be asked, which does not show that it is gone. */
  async isThere(endpoint: Endpoint): Promise<boolean> {
    const { attempts, intervalMs } = this.#options.settings.irq;
    const asked = this.#ask(endpoint, 'infoRequest', attempts, intervalMs, (requestSeqNum) => ({
      type: 'infoRequest',
      value: {
        requestSeqNum,
        callReferenceValue: 0,
        replyAddress: transportAddress(this.#options.rasAddress(endpoint.local)),
        callIdentifier: { guid: NO_CALL },
      },
    }));
    if (asked === undefined) return true;
    const answer = await asked;
    // Another endpoint may have been given the address by now.
    return answer?.type === 'infoRequestResponse' ? answer.value.endpointIdentifier === endpoint.id : answer !== undefined;
  }

  /** URQ that the endpoint's time to live has run out: sent once, as nobody waits for the answer of one that is probably not there. */
  ttlExpired(endpoint: Endpoint): void {
    const { requests } = this.#options;
    requests.tell(this.#addressed(endpoint, this.#unregistration(endpoint, { type: 'ttlExpired', value: null })));
  }

  /** URQ (H.225.0 §7.10): the endpoint is to leave, or to register anew. True when it confirmed. */
  unregister(
    endpoint: Endpoint,
    reason: 'reregistrationRequired' | 'maintenance' | 'securityDenial' | 'undefinedReason',
  ): Promise<boolean> {
    return this.#confirms(endpoint, 'unregistrationRequest', this.#unregistration(endpoint, { type: reason, value: null }));
  }

  /** DRQ with forcedDrop (H.225.0 §7.14.1): the endpoint is to end a call. True when it confirmed. */
  disengage(endpoint: Endpoint, call: CallReference): Promise<boolean> {
    return this.#confirms(endpoint, 'disengageRequest', (requestSeqNum) => ({
      type: 'disengageRequest',
      value: {
        requestSeqNum,
        endpointIdentifier: endpoint.id,
        conferenceID: Buffer.from(call.conferenceId, 'hex'),
        callReferenceValue: call.callReferenceValue,
        disengageReason: { type: 'forcedDrop', value: null },
        callIdentifier: { guid: Buffer.from(call.callIdentifier, 'hex') },
        answeredCall: call.answered,
      },
    }));
  }

  /** BRQ (H.225.0 §7.12.1): the endpoint is to use so much, in 100 bit/s. True when it confirmed. */
  changeBandwidth(endpoint: Endpoint, call: CallReference, bandwidth: number): Promise<boolean> {
    return this.#confirms(endpoint, 'bandwidthRequest', (requestSeqNum) => ({
      type: 'bandwidthRequest',
      value: {
        requestSeqNum,
        endpointIdentifier: endpoint.id,
        conferenceID: Buffer.from(call.conferenceId, 'hex'),
        callReferenceValue: call.callReferenceValue,
        bandWidth: bandwidth,
        callIdentifier: { guid: Buffer.from(call.callIdentifier, 'hex') },
        answeredCall: call.answered,
      },
    }));
  }

  #unregistration(endpoint: Endpoint, reason: UnregRequestReason): Making {
    return (requestSeqNum) => ({
      type: 'unregistrationRequest',
      value: {
        requestSeqNum,
        callSignalAddress: [transportAddress(endpoint.signalAddress)],
        endpointAlias: endpoint.written,
        endpointIdentifier: endpoint.id,
        gatekeeperIdentifier: this.#options.settings.gatekeeperId,
        reason,
      },
    });
  }

  async #confirms(endpoint: Endpoint, type: keyof typeof confirms, message: Making): Promise<boolean> {
    const answer = await this.#ask(endpoint, type, ATTEMPTS, INTERVAL_MS, message);
    return answer?.type === confirms[type];
  }

  /** Undefined: too many questions are under way, and this one was not asked. */
  #ask(
    endpoint: Endpoint,
    type: QuestionType,
    attempts: number,
    intervalMs: number,
    message: Making,
  ): Promise<RasMessage | undefined> | undefined {
    const proven = endpoint.proof !== undefined;
    return this.#options.requests.ask({ type, attempts, intervalMs, proven, ...this.#addressed(endpoint, message) });
  }

  #addressed(endpoint: Endpoint, message: Making): Pick<Question, 'encode' | 'to' | 'local'> {
    const { who } = this.#options;
    return {
      encode: (requestSeqNum) => who.seal(message(requestSeqNum), who.signerFor(endpoint)),
      to: reachable(endpoint),
      local: endpoint.local,
    };
  }
}

type Making = (requestSeqNum: number) => RasMessage;

const confirms = {
  unregistrationRequest: 'unregistrationConfirm',
  disengageRequest: 'disengageConfirm',
  bandwidthRequest: 'bandwidthConfirm',
} as const satisfies Partial<Record<QuestionType, RasMessage['type']>>;

/** Behind a NAT the RAS address that an endpoint gives is private: then only where its RRQ came from leads back to it. */
export function reachable({ rasAddress, source }: Endpoint): SocketAddress {
  return rasAddress.address === source.address ? rasAddress : source;
}
