import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../../src/clock.js';
import type { RefusalReason } from '../../../../src/gatekeeper/net/limits.js';
import type { Flow } from '../../../../src/gatekeeper/sip/transport/flow.js';
import type { FramingLoss } from '../../../../src/gatekeeper/sip/transport/stream-framer.js';
import { type ListenAddress, type TransportOptions, Transports } from '../../../../src/gatekeeper/sip/transport/transports.js';

export interface Received {
  readonly message: string;
  readonly flow: Flow;
  readonly loss: FramingLoss | undefined;
}

/** What comes, in order; `next()` waits for it. */
export class Queue<T> {
  readonly all: T[] = [];
  #taken = 0;
  readonly #waiting: ((item: T) => void)[] = [];

  push(item: T): void {
    this.all.push(item);
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    this.#taken++;
    waiting(item);
  }

  next(): Promise<T> {
    const item = this.all[this.#taken];
    if (item === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#taken++;
    return Promise.resolve(item);
  }
}

export class Bench {
  readonly inbox = new Queue<Received>();
  readonly refusals = new Queue<{ source: string; why: RefusalReason }>();
  readonly transports: Transports;

  private constructor(transports: Transports) {
    this.transports = transports;
  }

  /** `answer`: what is sent back on each message. */
  static async open(listen: readonly ListenAddress[], options: Partial<TransportOptions> = {}, answer?: string): Promise<Bench> {
    const holder: { bench?: Bench } = {};
    const transports = await Transports.listen({
      listen,
      clock: systemClock,
      connectTimeoutMs: 2000,
      requestClientCertificate: false,
      onMessage: (message, flow, loss) => {
        holder.bench?.inbox.push({ message, flow, loss });
        if (answer !== undefined) flow.send(answer);
      },
      onRefused: (source, why) => holder.bench?.refusals.push({ source, why }),
      ...options,
    });
    const bench = new Bench(transports);
    holder.bench = bench;
    return bench;
  }

  port(index = 0): number {
    const listener = this.transports.listeners[index];
    if (!listener) throw new Error(`no listener ${index}`);
    return listener.port;
  }

  close(): Promise<void> {
    return this.transports.close();
  }
}

export function request(body = '', callId = 'a'): string {
  return `OPTIONS sip:norr.example SIP/2.0\r\nCall-ID: ${callId}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A datagram socket of a test's own, on a free port. */
export async function datagramClient(address = '127.0.0.1') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const inbox = new Queue<Buffer>();
  socket.on('message', (datagram) => inbox.push(datagram));
  socket.bind(0, address);
  await once(socket, 'listening');
  return {
    inbox,
    port: socket.address().port,
    send: (bytes: string | Buffer, port: number) =>
      new Promise<void>((resolve, reject) => {
        socket.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, port, address, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

/** A TCP connection of a test's own. `received()` is everything so far; `until` waits for it to satisfy. */
export async function streamClient(port: number, address = '127.0.0.1') {
  const socket = connect({ host: address, port });
  await once(socket, 'connect');
  return watchStream(socket);
}

export function watchStream(socket: Socket) {
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    socket,
    closed,
    received: () => received,
    async until(satisfied: (received: string) => boolean): Promise<string> {
      while (!satisfied(received))
        await Promise.race([once(socket, 'data'), closed.then(() => Promise.reject(new Error(`closed after ${received}`)))]);
      return received;
    },
  };
}

export async function eventually(satisfied: () => boolean): Promise<void> {
  while (!satisfied()) await new Promise((resolve) => setImmediate(resolve));
}
