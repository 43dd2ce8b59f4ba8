import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Clock, EpochMs, Timer } from '../../clock.js';
import { type RasMessage, rasMessage } from '../../gatekeeper/h323/asn1/h225.js';
import { addressText, type SocketAddress } from './addresses.js';

/** How a request is repeated (H.225.0 §7.20: the timers and counts recommended there are 3 to 5 s, and two more attempts). */
export interface RasTimers {
  readonly timeoutMs: number;
  /** How often a request is sent in all. */
  readonly attempts: number;
}

/** What became of a request. `unsent`: the client is closed, or has as many requests under way as there are sequence numbers. */
export type RasAnswer =
  | { readonly outcome: 'answered'; readonly message: RasMessage; readonly bytes: Buffer; readonly from: SocketAddress }
  | { readonly outcome: 'silent' }
  | { readonly outcome: 'unsent' };

/** How a message becomes bytes: with the sender's tokens in it, where it has a password. */
export type RasEncoder = (message: RasMessage) => Buffer;

/** An endpoint or gatekeeper behind a client's socket: gets what others ask of it. */
export interface RasUser {
  readonly endpointIdentifier: string | undefined;
  /** When its gatekeeper last confirmed its registration. */
  readonly confirmedAt: EpochMs;
  hasCall(callIdentifier: Uint8Array): boolean;
  asked(message: RasMessage, from: SocketAddress): void;
}

export interface RasClientOptions {
  readonly address: string;
  /** 0, and absent: any free one. */
  readonly port?: number;
  readonly clock: Clock;
  readonly timers?: RasTimers;
  /** Sequence numbers start here; a test may want to know them. Default: random. */
  readonly firstSequenceNumber?: number;
}

const DEFAULT_TIMERS: RasTimers = { timeoutMs: 3000, attempts: 3 };
const SEQUENCE_NUMBERS = 65_535;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

interface Pending {
  readonly to: string;
  readonly timers: RasTimers;
  readonly resend: () => void;
  readonly done: (answer: RasAnswer) => void;
  attemptsLeft: number;
  timer: Timer;
}

/** The messages that answer a request; everything else that comes asks something of us. */
const answers: ReadonlySet<RasMessage['type']> = new Set([
  'gatekeeperConfirm',
  'gatekeeperReject',
  'registrationConfirm',
  'registrationReject',
  'unregistrationConfirm',
  'unregistrationReject',
  'admissionConfirm',
  'admissionReject',
  'bandwidthConfirm',
  'bandwidthReject',
  'disengageConfirm',
  'disengageReject',
  'locationConfirm',
  'locationReject',
  'infoRequestAck',
  'infoRequestNak',
  'resourcesAvailableConfirm',
  'serviceControlResponse',
  'unknownMessageResponse',
] satisfies RasMessage['type'][]);

/**
 * Asks and answers RAS over one UDP socket, for one endpoint or for thousands: requests are told apart by their sequence number, and what
 * a gatekeeper asks of an endpoint by endpoint or call identifier.
 */
export class RasClient {
  readonly local: SocketAddress;
  /** Datagrams that were no RAS message, and answers that nobody waited for (late ones among them). */
  readonly ignored = { malformed: 0, unexpected: 0 };
  /** How many datagrams were sent again for want of an answer. */
  retransmissions = 0;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timers: RasTimers;
  readonly #pending = new Map<number, Pending>();
  readonly #users = new Set<RasUser>();
  #handler: Pick<RasUser, 'asked'> | undefined;
  #sequenceNumber: number;
  /** Datagrams on their way to the kernel. */
  #sending = 0;
  #flushed: (() => void) | undefined;
  #closed = false;

  static async open(options: RasClientOptions): Promise<RasClient> {
    const socket = createSocket({ type: isIPv6(options.address) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    socket.bind(options.port ?? 0, options.address);
    await once(socket, 'listening');
    return new RasClient(socket, options);
  }

  private constructor(socket: Socket, { address, clock, timers = DEFAULT_TIMERS, firstSequenceNumber }: RasClientOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timers = timers;
    this.#sequenceNumber = firstSequenceNumber === undefined ? Math.floor(Math.random() * SEQUENCE_NUMBERS) : firstSequenceNumber - 1;
    this.local = { address, port: socket.address().port };
    socket.on('message', (bytes, from) => this.#receive(bytes, from));
    // A send that fails (nobody listens, no route) is a lost datagram: the request's timer deals with it.
    socket.on('error', () => undefined);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** From now on `user` gets what is asked of it. Returns what takes it away. */
  attach(user: RasUser): () => void {
    this.#users.add(user);
    return () => this.#users.delete(user);
  }

  /** Gets the requests that are for no endpoint in particular: a gatekeeper's. */
  setRequestHandler(handler: Pick<RasUser, 'asked'>): void {
    this.#handler = handler;
  }

  /**
   * Sends a request until it is answered from where it went, as often and as long as the timers say; RequestInProgress extends the wait
   * (H.225.0 §7.20). `build` gets the request's number.
   * @throws {PerError} the message breaks a constraint of its type.
   */
  request(
    build: (requestSeqNum: number) => RasMessage,
    to: SocketAddress,
    encode: RasEncoder = rasMessage.encode,
    timers: RasTimers = this.#timers,
  ): Promise<RasAnswer> {
    if (this.#closed || this.#pending.size >= SEQUENCE_NUMBERS) return Promise.resolve({ outcome: 'unsent' });
    const number = this.nextSequenceNumber();
    const bytes = encode(build(number));
    return new Promise((resolve) => {
      const resend = () => this.sendBytes(bytes, to);
      const timer = this.#clock.after(timers.timeoutMs, () => this.#timedOut(number));
      this.#pending.set(number, { to: addressText(to), timers, resend, done: resolve, attemptsLeft: timers.attempts - 1, timer });
      resend();
    });
  }

  /** A number that no request under way has. */
  nextSequenceNumber(): number {
    do this.#sequenceNumber = (this.#sequenceNumber % SEQUENCE_NUMBERS) + 1;
    while (this.#pending.has(this.#sequenceNumber));
    return this.#sequenceNumber;
  }

  /** Sends what wants no answer. */
  send(message: RasMessage, to: SocketAddress, encode: RasEncoder = rasMessage.encode): void {
    this.sendBytes(encode(message), to);
  }

  sendBytes(bytes: Uint8Array, to: SocketAddress): void {
    if (this.#closed) return;
    this.#sending++;
    this.#socket.send(bytes, to.port, to.address, () => {
      this.#sending--;
      if (this.#sending === 0) this.#flushed?.();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const pending of this.#pending.values()) {
      pending.timer.cancel();
      pending.done({ outcome: 'unsent' });
    }
    this.#pending.clear();
    this.#users.clear();
    // Node sends a turn later than it is told to: what was said last should go out.
    if (this.#sending > 0) {
      await new Promise<void>((resolve) => {
        this.#flushed = resolve;
      });
    }
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #receive(bytes: Buffer, { address, port }: SocketAddress): void {
    const from = { address, port };
    let message: RasMessage;
    try {
      message = rasMessage.decode(bytes);
    } catch {
      this.ignored.malformed++;
      return;
    }
    if (message.type === 'requestInProgress') this.#inProgress(message.value.requestSeqNum, message.value.delay, from);
    else if (answers.has(message.type)) this.#answered(message, bytes, from);
    else (this.#handler ?? this.#userFor(message))?.asked(message, from);
  }

  #answered(message: RasMessage, bytes: Buffer, from: SocketAddress): void {
    const number = sequenceNumberOf(message);
    const pending = this.#pendingTo(number, from);
    if (!pending) {
      this.ignored.unexpected++;
      return;
    }
    this.#pending.delete(number);
    pending.timer.cancel();
    pending.done({ outcome: 'answered', message, bytes, from });
  }

  #inProgress(number: number, delayMs: number, from: SocketAddress): void {
    const pending = this.#pendingTo(number, from);
    if (!pending) return;
    pending.timer.cancel();
    pending.timer = this.#clock.after(delayMs, () => this.#timedOut(number));
  }

  #pendingTo(number: number, from: SocketAddress): Pending | undefined {
    const pending = this.#pending.get(number);
    return pending?.to === addressText(from) ? pending : undefined;
  }

  #timedOut(number: number): void {
    const pending = this.#pending.get(number);
    if (!pending) return;
    if (pending.attemptsLeft === 0) {
      this.#pending.delete(number);
      pending.done({ outcome: 'silent' });
      return;
    }
    pending.attemptsLeft--;
    this.retransmissions++;
    pending.resend();
    pending.timer = this.#clock.after(pending.timers.timeoutMs, () => this.#timedOut(number));
  }

  #userFor(message: RasMessage): RasUser | undefined {
    if (this.#users.size < 2) return this.#users.values().next().value;
    const endpoint = 'endpointIdentifier' in message.value ? message.value.endpointIdentifier : undefined;
    const call = message.type === 'infoRequest' ? message.value.callIdentifier?.guid : undefined;
    let silent: RasUser | undefined;
    for (const user of this.#users) {
      if (endpoint !== undefined && user.endpointIdentifier === endpoint) return user;
      if (call && user.hasCall(call)) return user;
      if (user.endpointIdentifier !== undefined && (!silent || user.confirmedAt < silent.confirmedAt)) silent = user;
    }
    // IRQ for no call names no endpoint. A gatekeeper asks whom it has not heard of for longest.
    return message.type === 'infoRequest' ? silent : undefined;
  }
}

function sequenceNumberOf(message: RasMessage): number {
  const value: unknown = message.value;
  return typeof value === 'object' && value !== null && 'requestSeqNum' in value && typeof value.requestSeqNum === 'number'
    ? value.requestSeqNum
    : 0;
}
