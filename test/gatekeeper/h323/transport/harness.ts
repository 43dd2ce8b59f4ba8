import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../../src/clock.js';
import { TpktFramer, writeTpkt } from '../../../../src/gatekeeper/h323/q931/tpkt.js';
import type { CloseReason, SignallingConnection } from '../../../../src/gatekeeper/h323/transport/signalling-connection.js';
import {
  type SignallingListen,
  SignallingTransport,
  type SignallingTransportOptions,
} from '../../../../src/gatekeeper/h323/transport/signalling-transport.js';
import type { RefusalReason } from '../../../../src/gatekeeper/net/limits.js';
import { until } from '../../../support/until.js';

export const tcp: SignallingListen = { transport: 'tcp', address: '127.0.0.1', port: 0 };

/** A transport, and all that happens on the connections that are opened to it. */
export class Bench {
  readonly connections: SignallingConnection[] = [];
  /** `connection's number: message`. */
  readonly messages: string[] = [];
  readonly closes: CloseReason[] = [];
  readonly refusals: { source: string; why: RefusalReason }[] = [];
  readonly faults: unknown[] = [];
  readonly #holder: { transport?: SignallingTransport } = {};

  /** `onMessage`: what else is done with each message, after it was noted. */
  static async open(
    listen: readonly SignallingListen[] = [tcp],
    options: Partial<SignallingTransportOptions> = {},
    onMessage: (message: string, connection: SignallingConnection) => void = () => undefined,
  ): Promise<Bench> {
    const bench = new Bench();
    bench.#holder.transport = await SignallingTransport.open({
      listen,
      clock: systemClock,
      onConnection: (connection) => bench.watch(connection, onMessage),
      onRefused: (source, why) => bench.refusals.push({ source, why }),
      onFault: (error) => bench.faults.push(error),
      ...options,
    });
    return bench;
  }

  watch(connection: SignallingConnection, onMessage: (message: string, connection: SignallingConnection) => void): void {
    const number = this.connections.push(connection) - 1;
    connection.onClose((why) => this.closes.push(why));
    connection.onMessage((payload) => {
      const message = payload.toString('latin1');
      this.messages.push(`${number}: ${message.length > 40 ? message.length : message}`);
      onMessage(message, connection);
    });
  }

  get transport(): SignallingTransport {
    const { transport } = this.#holder;
    if (!transport) throw new Error('not open yet');
    return transport;
  }

  port(index = 0): number {
    const listener = this.transport.listeners[index];
    if (!listener) throw new Error(`no listener ${index}`);
    return listener.port;
  }

  /** The first connection that was opened to it. */
  async connection(index = 0): Promise<SignallingConnection> {
    return await until(
      () => this.connections[index],
      () => `connection ${index}`,
    );
  }

  /** Waits for so many messages. */
  async received(count: number): Promise<readonly string[]> {
    await until(
      () => this.messages.length >= count,
      () => `${count} messages; there are ${this.messages.length}`,
    );
    return this.messages;
  }

  async refused(count: number): Promise<readonly RefusalReason[]> {
    await until(
      () => this.refusals.length >= count,
      () => `${count} refusals; there are ${this.refusals.length}`,
    );
    return this.refusals.map(({ why }) => why);
  }

  async closed(count: number): Promise<readonly CloseReason[]> {
    await until(
      () => this.closes.length >= count,
      () => `${count} closes; there are ${this.closes.length}`,
    );
    return this.closes;
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}

export const packet = (text: string): Buffer => writeTpkt(Buffer.from(text, 'latin1'));

/** The far end, on a plain socket of the test's own. */
export class FarEnd {
  readonly messages: string[] = [];
  keepAlives = 0;
  closed = false;
  readonly socket: Socket;

  static async connect(port: number, address = '127.0.0.1', localAddress?: string): Promise<FarEnd> {
    const socket = connect({ host: address, port, ...(localAddress === undefined ? {} : { localAddress }) });
    await once(socket, 'connect');
    return new FarEnd(socket);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    const framer = new TpktFramer();
    socket.on('data', (chunk: Buffer) => {
      const { payloads, keepAlives } = framer.push(chunk);
      this.messages.push(...payloads.map((payload) => payload.toString('latin1')));
      this.keepAlives += keepAlives;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  send(...messages: readonly string[]): void {
    this.socket.write(Buffer.concat(messages.map(packet)));
  }

  async gone(): Promise<void> {
    await until(
      () => this.closed,
      () => 'the connection to close',
    );
  }

  close(): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }
}

/** What is closed after each test. */
export function closer() {
  const open: { close(): Promise<void> }[] = [];
  return {
    keep<T extends { close(): Promise<void> }>(thing: T): T {
      open.push(thing);
      return thing;
    },
    async closeAll(): Promise<void> {
      await Promise.all(open.splice(0).map((thing) => thing.close()));
    },
  };
}
