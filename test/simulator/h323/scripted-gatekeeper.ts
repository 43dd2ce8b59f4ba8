import { VirtualClock } from '../../../src/clock.js';
import type { RasMessage } from '../../../src/gatekeeper/h323/asn1/h225.js';
import { type SocketAddress, transportAddress } from '../../../src/simulator/h323/addresses.js';
import { RasClient } from '../../../src/simulator/h323/ras-client.js';
import { until } from '../../support/until.js';

export type RasOf<T extends RasMessage['type']> = Extract<RasMessage, { type: T }>['value'];

export interface Heard {
  readonly message: RasMessage;
  readonly from: SocketAddress;
}

/** A gatekeeper that does what a test says: the other end of an endpoint's RAS, with a socket of its own. It knows nobody and checks nothing. */
export class ScriptedGatekeeper {
  readonly heard: Heard[] = [];
  /** The answer to a request; undefined: silence. */
  answer: (message: RasMessage) => RasMessage | undefined;
  readonly #ras: RasClient;

  static async start(id = 'gk'): Promise<ScriptedGatekeeper> {
    return new ScriptedGatekeeper(await RasClient.open({ address: '127.0.0.1', clock: new VirtualClock() }), id);
  }

  private constructor(ras: RasClient, id: string) {
    this.#ras = ras;
    this.answer = (message) => confirm(message, id, ras.local);
    ras.setRequestHandler({
      asked: (message, from) => {
        this.heard.push({ message, from });
        const answer = this.answer(message);
        if (answer) ras.send(answer, from);
      },
    });
  }

  get address(): SocketAddress {
    return this.#ras.local;
  }

  all<T extends RasMessage['type']>(type: T): RasOf<T>[] {
    return this.heard.flatMap(({ message }) => (message.type === type ? [message.value as RasOf<T>] : []));
  }

  /** The n-th message of a type, from 1 on, when it has come. */
  async take<T extends RasMessage['type']>(type: T, nth = 1): Promise<RasOf<T>> {
    await until(
      () => this.all(type).length >= nth,
      () => `${type} number ${nth}; heard: ${this.heard.map(({ message }) => message.type).join(', ')}`,
    );
    const taken = this.all(type)[nth - 1];
    if (!taken) throw new Error(`${type} number ${nth} was there a moment ago`);
    return taken;
  }

  /** Asks an endpoint; what it answers is only heard of when it is an answer to `build`'s number. */
  ask(build: (requestSeqNum: number) => RasMessage, to: SocketAddress) {
    return this.#ras.request(build, to);
  }

  send(message: RasMessage, to: SocketAddress): void {
    this.#ras.send(message, to);
  }

  close(): Promise<void> {
    return this.#ras.close();
  }
}

export interface Answers {
  readonly timeToLive?: number;
  readonly alternates?: RasOf<'registrationConfirm'>['alternateGatekeeper'];
  readonly featureSet?: RasOf<'registrationConfirm'>['featureSet'];
  readonly calls?: SocketAddress;
}

/** Yes to everything. Calls go to where `calls` says. */
export function confirm(message: RasMessage, id: string, ras: SocketAddress, more: Answers = {}): RasMessage | undefined {
  const protocolIdentifier = '0.0.8.2250.0.7';
  switch (message.type) {
    case 'gatekeeperRequest': {
      const { requestSeqNum } = message.value;
      return {
        type: 'gatekeeperConfirm',
        value: { requestSeqNum, protocolIdentifier, gatekeeperIdentifier: id, rasAddress: transportAddress(ras) },
      };
    }
    case 'registrationRequest': {
      const { requestSeqNum, terminalAlias, endpointIdentifier = 'endpoint-1' } = message.value;
      const { timeToLive, alternates: alternateGatekeeper, featureSet } = more;
      const value = { requestSeqNum, protocolIdentifier, callSignalAddress: [], terminalAlias, gatekeeperIdentifier: id };
      return { type: 'registrationConfirm', value: { ...value, endpointIdentifier, timeToLive, alternateGatekeeper, featureSet } };
    }
    case 'unregistrationRequest':
      return { type: 'unregistrationConfirm', value: { requestSeqNum: message.value.requestSeqNum } };
    case 'admissionRequest': {
      const { requestSeqNum, bandWidth } = message.value;
      const destCallSignalAddress = transportAddress(more.calls ?? ras);
      const uuiesRequested = {
        setup: false,
        callProceeding: false,
        connect: false,
        alerting: false,
        information: false,
        releaseComplete: false,
        facility: false,
        progress: false,
        empty: false,
      };
      const callModel = { type: 'gatekeeperRouted', value: null } as const;
      return { type: 'admissionConfirm', value: { requestSeqNum, bandWidth, callModel, destCallSignalAddress, uuiesRequested } };
    }
    case 'resourcesAvailableIndicate': {
      const { requestSeqNum } = message.value;
      return { type: 'resourcesAvailableConfirm', value: { requestSeqNum, protocolIdentifier } };
    }
    case 'disengageRequest':
      return { type: 'disengageConfirm', value: { requestSeqNum: message.value.requestSeqNum } };
    default:
      return undefined;
  }
}
