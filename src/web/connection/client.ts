import type { ErrorCode, News, OutReason, Reply, Request, RequestOf, Results } from '../../bridge/browser/protocol.js';

/** What carries text to the service and back: a WebSocket, or a test. */
export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface ClientEvents {
  news(news: News): void;
  /** Once. Everything that was asked and not answered has been rejected with `ConnectionError` before. */
  closed(): void;
}

/** What a successful request gives. */
export type ResultOf<Name extends Request['do']> = Name extends keyof Results ? Results[Name] : object;
/** What a request says beside its name and number. */
export type BodyOf<Name extends Request['do']> = Omit<RequestOf<Name>, 'id' | 'do'>;

/** The service refused. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly retryMs: number | undefined,
    readonly url: string | undefined,
    /** `out`: why the seat is gone. */
    readonly reason?: OutReason | undefined,
  ) {
    super(message);
  }
}

/** No answer came, or none can come any more. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

interface Asked {
  readonly text: string;
  readonly resolve: (result: object) => void;
  readonly reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** So many requests are under way at a time; the others wait for their turn, so that a page in a large meeting does not look like a flood. */
const UNDER_WAY_MAX = 8;
const WAITING_MAX = 512;
/** So many may follow each other as fast as they are answered, then so many a second: well below what the service takes from one page. */
const BURST = 100;
const PER_SECOND = 30;
/** A large meeting asks hundreds of these when it is entered. What a person has just pressed does not wait behind them. */
const PATIENT: ReadonlySet<Request['do']> = new Set(['consume', 'resumeConsumer', 'pauseConsumer', 'preferLayer', 'closeConsumer']);
const ANSWER_MS = 15_000;

/**
 * The page's end of the protocol: numbers requests, matches replies to them, hands news on. Knows no browser: feed it with `receive` and
 * `closed`.
 */
export class ProtocolClient {
  readonly #wire: Wire;
  readonly #events: ClientEvents;
  readonly #underWay = new Map<number, Asked>();
  readonly #waiting: { id: number; patient: boolean; asked: Asked }[] = [];
  /** What may be sent now, and since when it has grown. */
  #tokens = BURST;
  #grownAt = performance.now();
  #paced: ReturnType<typeof setTimeout> | undefined;
  #nextId = 1;
  #closed = false;

  constructor(wire: Wire, events: ClientEvents) {
    this.#wire = wire;
    this.#events = events;
  }

  /** @throws {ServiceError} when the service refuses, {ConnectionError} when it does not answer */
  ask<Name extends Request['do']>(name: Name, body: BodyOf<Name>): Promise<ResultOf<Name>> {
    return new Promise<object>((resolve, reject) => {
      if (this.#closed) return reject(new ConnectionError('the connection is closed'));
      if (this.#waiting.length >= WAITING_MAX) return reject(new ConnectionError('too much is waiting for the service'));
      const id = this.#nextId++;
      const patient = PATIENT.has(name);
      const asked = { text: JSON.stringify({ id, do: name, ...body }), resolve, reject, timer: undefined };
      const before = patient ? -1 : this.#waiting.findIndex((each) => each.patient);
      this.#waiting.splice(before === -1 ? this.#waiting.length : before, 0, { id, patient, asked });
      this.#sendNext();
    }) as Promise<ResultOf<Name>>;
  }

  /** Says something without waiting for an answer, as the last thing that a page does. */
  tell<Name extends Request['do']>(name: Name, body: BodyOf<Name>): void {
    if (!this.#closed) this.#wire.send(JSON.stringify({ id: this.#nextId++, do: name, ...body }));
  }

  /** A message came. What is not of the protocol is dropped: a newer service may say more than this page knows. */
  receive(text: string): void {
    const { news, reply: message } = parse(text);
    if (news) this.#events.news(news);
    if (!message) return;
    const asked = this.#underWay.get(message.id);
    if (!asked) return;
    this.#underWay.delete(message.id);
    clearTimeout(asked.timer);
    if (message.ok) asked.resolve(message);
    else asked.reject(new ServiceError(message.error, message.message, message.retryMs, message.url, message.reason));
    this.#sendNext();
  }

  /** The wire is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#paced);
    const open = [...this.#underWay.values(), ...this.#waiting.map(({ asked }) => asked)];
    this.#underWay.clear();
    this.#waiting.length = 0;
    for (const asked of open) {
      clearTimeout(asked.timer);
      asked.reject(new ConnectionError('the connection broke'));
    }
    this.#events.closed();
  }

  close(): void {
    this.#wire.close();
    this.closed();
  }

  #sendNext(): void {
    while (this.#underWay.size < UNDER_WAY_MAX && this.#waiting.length > 0) {
      if (!this.#take()) return;
      const next = this.#waiting.shift();
      if (!next) return;
      const { id, asked } = next;
      this.#underWay.set(id, asked);
      // A service that answers nothing for so long is as good as gone: closing makes the page connect anew.
      asked.timer = setTimeout(() => this.close(), ANSWER_MS);
      this.#wire.send(asked.text);
    }
  }

  /** False: nothing may be sent at this moment; what waits goes on by itself. */
  #take(): boolean {
    if (this.#paced !== undefined) return false;
    const now = performance.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#grownAt) / 1000) * PER_SECOND);
    this.#grownAt = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return true;
    }
    const later = () => {
      this.#paced = undefined;
      this.#sendNext();
    };
    this.#paced = setTimeout(later, Math.ceil(((1 - this.#tokens) / PER_SECOND) * 1000));
    return false;
  }
}

function parse(text: string): { readonly news?: News; readonly reply?: Reply } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  if ('news' in value && typeof value.news === 'string') return { news: value as News };
  return 'id' in value && typeof value.id === 'number' && 'ok' in value ? { reply: value as Reply } : {};
}
