import type { RasMessage, UnregRequestReason } from '../asn1/h225.js';
import type { RasSettings } from './context.js';
import type { Endpoint } from './endpoint.js';
import type { QuestionType, Requests } from './requests.js';
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

  /** IRQ (H.225.0 §7.15.1): true when the endpoint answers by IRR. */
  async isThere(endpoint: Endpoint): Promise<boolean> {
    const { attempts, intervalMs } = this.#options.settings.irq;
    const answer = await this.#ask(endpoint, 'infoRequest', attempts, intervalMs, (requestSeqNum) => ({
      type: 'infoRequest',
      value: {
        requestSeqNum,
        callReferenceValue: 0,
        replyAddress: transportAddress(this.#options.rasAddress(endpoint.local)),
        callIdentifier: { guid: NO_CALL },
      },
    }));
    return answer !== undefined;
  }

  /** URQ that the endpoint's time to live has run out: sent once, as nobody waits for the answer of one that is probably not there. */
  ttlExpired(endpoint: Endpoint): void {
    void this.#unregister(endpoint, { type: 'ttlExpired', value: null }, 1);
  }

  /** URQ (H.225.0 §7.10): the endpoint is to leave, or to register anew. True when it confirmed. */
  unregister(
    endpoint: Endpoint,
    reason: 'reregistrationRequired' | 'maintenance' | 'securityDenial' | 'undefinedReason',
  ): Promise<boolean> {
    return this.#unregister(endpoint, { type: reason, value: null }, ATTEMPTS);
  }

  /** DRQ with forcedDrop (H.225.0 §7.14.1): the endpoint is to end a call. True when it confirmed. */
  async disengage(endpoint: Endpoint, call: CallReference): Promise<boolean> {
    const answer = await this.#ask(endpoint, 'disengageRequest', ATTEMPTS, INTERVAL_MS, (requestSeqNum) => ({
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
    return answer?.type === 'disengageConfirm';
  }

  /** BRQ (H.225.0 §7.12.1): the endpoint is to use so much, in 100 bit/s. True when it confirmed. */
  async changeBandwidth(endpoint: Endpoint, call: CallReference, bandwidth: number): Promise<boolean> {
    const answer = await this.#ask(endpoint, 'bandwidthRequest', ATTEMPTS, INTERVAL_MS, (requestSeqNum) => ({
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
    return answer?.type === 'bandwidthConfirm';
  }

  async #unregister(endpoint: Endpoint, reason: UnregRequestReason, attempts: number): Promise<boolean> {
    const answer = await this.#ask(endpoint, 'unregistrationRequest', attempts, INTERVAL_MS, (requestSeqNum) => ({
      type: 'unregistrationRequest',
      value: {
        requestSeqNum,
        callSignalAddress: [transportAddress(endpoint.signalAddress)],
        endpointAlias: endpoint.written,
        endpointIdentifier: endpoint.id,
        gatekeeperIdentifier: this.#options.settings.gatekeeperId,
        reason,
      },
    }));
    return answer?.type === 'unregistrationConfirm';
  }

  #ask(
    endpoint: Endpoint,
    type: QuestionType,
    attempts: number,
    intervalMs: number,
    message: (requestSeqNum: number) => RasMessage,
  ): Promise<RasMessage | undefined> {
    const { requests, who } = this.#options;
    return requests.ask({
      type,
      encode: (requestSeqNum) => who.seal(message(requestSeqNum), who.signerFor(endpoint)),
      to: reachable(endpoint),
      local: endpoint.local,
      attempts,
      intervalMs,
    });
  }
}

/** Behind a NAT the RAS address that an endpoint gives is private: then only where its RRQ came from leads back to it. */
export function reachable({ rasAddress, source }: Endpoint): SocketAddress {
  return rasAddress.address === source.address ? rasAddress : source;
}
