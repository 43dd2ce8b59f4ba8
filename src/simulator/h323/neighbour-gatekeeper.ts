import { type Clock, systemClock, type Timer } from '../../clock.js';
import type { AliasAddress, RasMessage } from '../../gatekeeper/h323/asn1/h225.js';
import { aliasText, dialledAlias, type SocketAddress, socketAddress, transportAddress } from './addresses.js';
import type { Call } from './call.js';
import { H323Endpoint } from './endpoint.js';
import type { CallOptions, H323EndpointOptions } from './endpoint-options.js';
import { RasClient, type RasTimers } from './ras-client.js';

type LocationRequest = Extract<RasMessage, { type: 'locationRequest' }>['value'];
type LocationReject = Extract<RasMessage, { type: 'locationReject' }>['value'];

export interface NeighbourGatekeeperOptions {
  readonly address: string;
  /** 0, and absent: any free one. */
  readonly rasPort?: number;
  readonly signallingPort?: number;
  readonly gatekeeperId?: string;
  /** Alias (digits, a name, a URI) and where its endpoint takes calls. Others are rejected as notRegistered. */
  readonly endpoints?: ReadonlyMap<string, SocketAddress>;
  /** LCF names the gatekeeper's own address for every alias, and the calls that come there are taken by it. */
  readonly routed?: boolean;
  /** Never answers. */
  readonly silent?: boolean;
  /** Every LRQ is answered so. */
  readonly reject?: LocationReject['rejectReason'];
  /** How long an answer takes; with `inProgressMs` RIP goes out first. */
  readonly delayMs?: number;
  /** What RIP says that the answer will take, in ms. */
  readonly inProgressMs?: number;
  /** The calls that it makes and takes. */
  readonly calls?: Pick<H323EndpointOptions, 'h245' | 'encryption' | 'requireEncryption' | 'media' | 'onIncoming' | 'tls'>;
  readonly rasTimers?: RasTimers;
  readonly clock?: Clock;
}

/** An LRQ that came. */
export interface Asked {
  readonly aliases: readonly string[];
  readonly from: SocketAddress;
  readonly hopCount: number | undefined;
  readonly callIdentifier: Buffer | undefined;
  readonly request: LocationRequest;
}

export type Located =
  | { readonly outcome: 'found'; readonly signalAddress: SocketAddress; readonly rasAddress: SocketAddress | undefined }
  | { readonly outcome: 'rejected'; readonly reason: string }
  | { readonly outcome: 'silent' };

export interface LocateOptions {
  readonly hopCount?: number;
  readonly callIdentifier?: Buffer;
  readonly source?: readonly AliasAddress[];
}

const MAX_REMEMBERED = 1000;
const MAX_WAITING = 10_000;

/** The gatekeeper of another organisation: it is asked by LRQ and asks by LRQ (H.225.0 §7.14), and calls with a Setup from its own address. */
export class NeighbourGatekeeper {
  readonly ras: RasClient;
  /** What it was asked, the last of it last; bounded. `askedTimes` counts all. */
  readonly asks: Asked[] = [];
  askedTimes = 0;
  readonly #options: NeighbourGatekeeperOptions;
  readonly #clock: Clock;
  readonly #party: H323Endpoint;
  readonly #waiting = new Set<Timer>();

  static async start(options: NeighbourGatekeeperOptions): Promise<NeighbourGatekeeper> {
    const { address, rasPort = 0, signallingPort = 0, calls = {}, gatekeeperId = 'neighbour', clock = systemClock } = options;
    const ras = await RasClient.open({ address, port: rasPort, clock, ...(options.rasTimers ? { timers: options.rasTimers } : {}) });
    const aliases = [{ h323Id: gatekeeperId }];
    try {
      const party = await H323Endpoint.start({ address, signallingPort, aliases, clock, ras, ...calls });
      return new NeighbourGatekeeper(options, ras, party, clock);
    } catch (error) {
      await ras.close();
      throw error;
    }
  }

  private constructor(options: NeighbourGatekeeperOptions, ras: RasClient, party: H323Endpoint, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.ras = ras;
    this.#party = party;
    ras.setRequestHandler(this);
  }

  get rasAddress(): SocketAddress {
    return this.ras.local;
  }

  get signalAddress(): SocketAddress {
    return this.#party.signalAddress;
  }

  get tlsAddress(): SocketAddress | undefined {
    return this.#party.tlsAddress;
  }

  /** Calls that came to its own address. */
  get incoming(): readonly Call[] {
    return this.#party.incoming;
  }

  onIncoming(listener: (call: Call) => void): void {
    this.#party.onIncoming(listener);
  }

  /** Asks another gatekeeper where an alias is. */
  async locate(dialled: string, gatekeeper: SocketAddress, options: LocateOptions = {}): Promise<Located> {
    const answer = await this.ras.request(
      (requestSeqNum) => ({
        type: 'locationRequest',
        value: {
          requestSeqNum,
          destinationInfo: [dialledAlias(dialled)],
          replyAddress: transportAddress(this.ras.local),
          sourceInfo: options.source,
          canMapAlias: true,
          gatekeeperIdentifier: this.#options.gatekeeperId,
          hopCount: options.hopCount,
          callIdentifier: options.callIdentifier && { guid: options.callIdentifier },
          canMapSrcAlias: false,
        },
      }),
      gatekeeper,
    );
    if (answer.outcome !== 'answered') return { outcome: 'silent' };
    const { message } = answer;
    if (message.type === 'locationConfirm') {
      const signalAddress = socketAddress(message.value.callSignalAddress);
      if (signalAddress) return { outcome: 'found', signalAddress, rasAddress: socketAddress(message.value.rasAddress) };
    }
    return { outcome: 'rejected', reason: message.type === 'locationReject' ? message.value.rejectReason.type : message.type };
  }

  /** A call from this gatekeeper, on behalf of one of its endpoints. */
  callAddress(dialled: string, address: SocketAddress, from: string | undefined, options: CallOptions = {}): Call {
    const sourceAddress = from === undefined ? {} : { sourceAddress: [dialledAlias(from)] };
    return this.#party.call(dialled, { ...options, sendArq: false, address, setup: { ...sourceAddress, ...options.setup } });
  }

  /** LRQ, then Setup to where the answer says: as a gatekeeper-routed call arrives from a neighbour. */
  async call(dialled: string, gatekeeper: SocketAddress, from?: string, options: CallOptions = {}): Promise<Call | Located> {
    const located = await this.locate(dialled, gatekeeper, { hopCount: 7 });
    return located.outcome === 'found' ? this.callAddress(dialled, located.signalAddress, from, options) : located;
  }

  asked(message: RasMessage, from: SocketAddress): void {
    if (message.type !== 'locationRequest') return;
    const request = message.value;
    const aliases = request.destinationInfo.flatMap((alias) => aliasText(alias) ?? []);
    this.askedTimes++;
    if (this.asks.length === MAX_REMEMBERED) this.asks.shift();
    const guid = request.callIdentifier?.guid;
    this.asks.push({ aliases, from, hopCount: request.hopCount, callIdentifier: guid && Buffer.from(guid), request });
    const { silent, delayMs = 0, inProgressMs } = this.#options;
    if (silent || this.#waiting.size >= MAX_WAITING) return;
    const { requestSeqNum } = request;
    // A gatekeeper answers to the reply address that it was given (H.225.0 §7.14.1).
    const to = socketAddress(request.replyAddress) ?? from;
    if (inProgressMs !== undefined) this.ras.send({ type: 'requestInProgress', value: { requestSeqNum, delay: inProgressMs } }, to);
    const answer = this.#answer(request, aliases);
    if (delayMs === 0) {
      this.ras.send(answer, to);
      return;
    }
    const timer = this.#clock.after(delayMs, () => {
      this.#waiting.delete(timer);
      this.ras.send(answer, to);
    });
    this.#waiting.add(timer);
  }

  async close(): Promise<void> {
    for (const timer of this.#waiting) timer.cancel();
    this.#waiting.clear();
    await this.#party.close();
    await this.ras.close();
  }

  #answer({ requestSeqNum }: LocationRequest, aliases: readonly string[]): RasMessage {
    const { endpoints, routed, reject } = this.#options;
    const known = aliases.find((alias) => endpoints?.has(alias));
    const address = routed ? this.signalAddress : known === undefined ? undefined : endpoints?.get(known);
    if (reject || !address) {
      const rejectReason = reject ?? ({ type: 'notRegistered', value: null } as const);
      return { type: 'locationReject', value: { requestSeqNum, rejectReason } };
    }
    const callSignalAddress = transportAddress(address);
    return { type: 'locationConfirm', value: { requestSeqNum, callSignalAddress, rasAddress: transportAddress(this.ras.local) } };
  }
}
