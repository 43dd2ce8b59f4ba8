import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '../../src/clock.js';
import { type RasMessage, rasMessage } from '../../src/gatekeeper/h323/asn1/h225.js';
import { type SocketAddress, transportAddress } from '../../src/gatekeeper/h323/ras/transport-address.js';
import { Credentials } from '../../src/simulator/h323/credentials.js';
import { h323NumberOf, numberOf, password } from './servers.js';

/** Requests under way at once: enough that the server never waits, few enough that no socket overflows. */
const WINDOW = 64;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Nothing is sent twice: where a datagram is lost the benchmark ends. */
const LOST_MS = 10_000;

const vendor = {
  vendor: { t35CountryCode: 181, t35Extension: 0, manufacturerCode: 21_324 },
  productId: Buffer.from('Room system'),
  versionId: Buffer.from('4.2.1'),
};

/** As a room system writes it: a name, a number, vendor, time to live. */
export function fullRegistration(
  index: number,
  requestSeqNum: number,
  at: SocketAddress,
  aliases: 1 | 2 = 2,
): RasMessage & { type: 'registrationRequest' } {
  return {
    type: 'registrationRequest',
    value: {
      requestSeqNum,
      protocolIdentifier: '0.0.8.2250.0.7',
      discoveryComplete: true,
      callSignalAddress: [transportAddress({ address: at.address, port: 2000 + (index % 60_000) })],
      rasAddress: [transportAddress(at)],
      terminalType: { terminal: {}, mc: false, undefinedNode: false },
      terminalAlias: [
        ...(aliases === 2 ? [{ type: 'h323-ID', value: `Room system ${index}` } as const] : []),
        { type: 'dialedDigits', value: h323NumberOf(index) },
      ],
      endpointVendor: vendor,
      timeToLive: 3600,
      keepAlive: false,
      willSupplyUUIEs: true,
      maintainConnection: true,
      supportsAltGK: null,
    },
  };
}

/** The same of an endpoint that proves its password by H.235.1. */
export function signedRegistration(index: number, requestSeqNum: number, at: SocketAddress): Buffer {
  const number = numberOf(index);
  const credentials = new Credentials({ user: number, password, method: 'h235.1' }, number, systemClock);
  const { type, value } = fullRegistration(index, requestSeqNum, at);
  const terminalAlias = [{ type: 'dialedDigits', value: number } as const, { type: 'h323-ID', value: `Room ${index} of Syd` } as const];
  const tokens = credentials.tokens({ gatekeeperId: 'portvakt', endpointId: undefined });
  return credentials.encode({ type, value: { ...value, terminalAlias, ...tokens } });
}

export function keepAlive(requestSeqNum: number, endpointIdentifier: string): RasMessage {
  return {
    type: 'registrationRequest',
    value: {
      requestSeqNum,
      protocolIdentifier: '0.0.8.2250.0.7',
      discoveryComplete: true,
      callSignalAddress: [],
      rasAddress: [],
      terminalType: { terminal: {}, mc: false, undefinedNode: false },
      endpointVendor: vendor,
      timeToLive: 3600,
      keepAlive: true,
      endpointIdentifier,
      willSupplyUUIEs: true,
      maintainConnection: true,
    },
  };
}

/** A call from `index` to `callee`. */
export function admission(index: number, callee: number, requestSeqNum: number, call: number, endpointIdentifier: string): RasMessage {
  const guid = Buffer.alloc(16);
  guid.writeUInt32BE(index, 0);
  guid.writeUInt32BE(call, 4);
  return {
    type: 'admissionRequest',
    value: {
      requestSeqNum,
      callType: { type: 'pointToPoint', value: null },
      endpointIdentifier,
      destinationInfo: [{ type: 'dialedDigits', value: h323NumberOf(callee) }],
      srcInfo: [{ type: 'h323-ID', value: `Room system ${index}` }],
      bandWidth: 7680,
      callReferenceValue: 1 + (call & 0x7ffe),
      conferenceID: guid,
      activeMC: false,
      answerCall: false,
      canMapAlias: true,
      callIdentifier: { guid },
      willSupplyUUIEs: false,
    },
  };
}

/** One UDP socket that asks a gatekeeper, as fast as answers come. */
export class RasLoad {
  readonly at: SocketAddress;
  readonly #socket: Socket;
  readonly #port: number;

  static async open(address: string, gatekeeperPort: number): Promise<RasLoad> {
    // Addresses are given, so nothing is looked up for each datagram.
    const lookup: NonNullable<Parameters<typeof createSocket>[0]['lookup']> = (name, _options, done) => done(null, name, 4);
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES, lookup });
    // The look-up answers at once, and so does the socket.
    const listening = once(socket, 'listening');
    socket.bind(0, address);
    await listening;
    return new RasLoad(socket, { address, port: socket.address().port }, gatekeeperPort);
  }

  private constructor(socket: Socket, at: SocketAddress, gatekeeperPort: number) {
    this.#socket = socket;
    this.#port = gatekeeperPort;
    this.at = at;
  }

  /** Sends all of them, and settles when all are answered. `taken` sees each answer; it fails for what it does not like. */
  exchange(requests: readonly Buffer[], taken: (answer: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let sent = 0;
      let answered = 0;
      const finish = (error?: Error) => {
        clearInterval(watch);
        this.#socket.removeAllListeners('message');
        if (error) reject(error);
        else resolve();
      };
      let before = -1;
      const watch = setInterval(() => {
        if (answered === before) finish(new Error(`Only ${answered} of ${requests.length} requests were answered: a datagram was lost`));
        before = answered;
      }, LOST_MS);
      const send = () => {
        const bytes = requests[sent++];
        if (bytes) this.#socket.send(bytes, this.#port, '127.0.0.1');
      };
      this.#socket.on('message', (bytes) => {
        try {
          taken(bytes);
        } catch (error) {
          finish(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        send();
        if (++answered === requests.length) finish();
      });
      for (let open = 0; open < WINDOW; open++) send();
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

/** The confirm in these bytes. @throws {Error} they are something else */
export function confirmIn(bytes: Buffer): RasMessage {
  const message = rasMessage.decode(bytes);
  if (message.type.endsWith('Confirm')) return message;
  const reason = message.type.endsWith('Reject')
    ? JSON.stringify(message.value, (_, value) => (value instanceof Uint8Array ? '…' : value))
    : '';
  throw new Error(`Expected a confirm, and got ${message.type} ${reason}`);
}
