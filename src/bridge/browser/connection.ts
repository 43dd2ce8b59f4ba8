import type { WebSocket } from 'ws';
import type { Clock, EpochMs, Timer } from '../../clock.js';
import { Allowance } from './allowance.js';
import { RequestError, requestError } from './errors.js';
import { type News, type Reply, type Request, type Results, requestSchema } from './protocol.js';
import { perform } from './requests.js';
import { CLOSE, type NewsSink, type Session } from './session.js';

/** Requests of one page under way at one time. Our own page has eight. */
const UNDER_WAY = 32;
/** What a page has not read yet, in bytes, beyond which it is cut off: it comes back with its resume token. */
const UNREAD_BYTES = 1024 * 1024;
const PING_MS = 20_000;
/** A page that has just joined a large meeting asks for many streams at once: so many seconds' messages. */
const BURST_SECONDS = 4;
/**
 * Messages that came with others, before reading paused. Our own page waits for answers after eight: who sends so many without waiting is a
 * flood. As whole messages arrive in one piece of up to 64 KiB, reading cannot stop before them.
 */
const BACKLOG = 64;
/** Who is always ahead of the allowance for so long is a flood, too. */
const SHORT_MS = 60_000;
/** Until the first `join`. */
const FIRST_JOIN_MS = 10_000;
/** Until the next, after one was refused: somebody looks for the right PIN. */
const NEXT_JOIN_MS = 120_000;

export interface Joined {
  readonly session: Session;
  readonly result: Results['join'];
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly messagesPerSecond: number;
  /** Rejects with RequestError. */
  readonly join: (request: Extract<Request, { do: 'join' }>) => Promise<Joined>;
  /** The page got the answer to its `join`: it has asked something since. */
  readonly confirmed: (session: Session) => void;
  /** The session's connection broke, or was closed by the page. */
  readonly broken: (session: Session) => void;
  /** Told why this side closed it. */
  readonly cut: (why: 'rate' | 'syntax' | 'size' | 'slow' | 'silent' | 'joinLate') => void;
  readonly problem: (error: unknown, text: string) => void;
}

/**
 * One WebSocket: reads requests, within limits, answers each, passes news on, and finds out when nobody is there any more. What is not of the
 * protocol ends it; what is asked at the wrong time is only refused.
 */
export class Connection implements NewsSink {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #allowance: Allowance;
  #session: Session | undefined;
  #joining = false;
  #underWay = 0;
  #closed = false;
  /** Was anything heard since the last ping? */
  #heard = true;
  #deadline: Timer;
  #ping: Timer;
  /** What has come and may not be answered yet; not empty: reading pauses. */
  readonly #backlog: { readonly data: unknown; readonly binary: boolean }[] = [];
  #resume: Timer | undefined;
  /** Since when the allowance has never grown back to a second's worth. */
  #shortSince: EpochMs | undefined;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    const { clock, messagesPerSecond } = options;
    this.#socket = socket;
    this.#options = options;
    this.#allowance = new Allowance(messagesPerSecond, messagesPerSecond * BURST_SECONDS, clock.now());
    this.#deadline = this.#expectJoin(FIRST_JOIN_MS);
    this.#ping = this.#pingLater();
    socket.on('message', (data, binary) => this.#received(data, binary));
    socket.on('pong', () => {
      this.#heard = true;
    });
    // `close` comes after it; ws itself has closed a frame that is too large with 1009.
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') options.cut('size');
      else if (error.code?.startsWith('WS_ERR_') === true) options.cut('syntax');
    });
    socket.on('close', () => this.#gone());
  }

  tell(news: News): void {
    this.#send(JSON.stringify(news));
  }

  tellText(text: string): void {
    this.#send(text);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close(code, reason);
    // Its answer to that must be read.
    if (this.#socket.isPaused) this.#socket.resume();
    // A page that does not answer the closing handshake is cut off at the next ping.
  }

  /** The service stops, and waits for no page. */
  terminate(): void {
    this.#socket.terminate();
  }

  #received(data: unknown, binary: boolean): void {
    if (this.#closed) return;
    this.#heard = true;
    if (this.#resume || !this.#mayRead()) this.#readLater(data, binary);
    else this.#read(data, binary);
  }

  #mayRead(): boolean {
    const { clock, messagesPerSecond } = this.#options;
    const now = clock.now();
    if (this.#shortSince !== undefined && this.#allowance.waitMs(messagesPerSecond, now) === 0) this.#shortSince = undefined;
    return this.#allowance.take(now);
  }

  /** More than its allowance: it is read slower, which the page notices by nothing but later answers. */
  #readLater(data: unknown, binary: boolean): void {
    this.#backlog.push({ data, binary });
    const { clock, messagesPerSecond } = this.#options;
    const now = clock.now();
    this.#shortSince ??= now;
    if (this.#backlog.length > BACKLOG || now - this.#shortSince > SHORT_MS) {
      this.#cut('rate', CLOSE.policy, 'Too many messages in a second');
      return;
    }
    if (this.#resume) return;
    this.#socket.pause();
    this.#readOn(Math.max(1, this.#allowance.waitMs(Math.max(1, messagesPerSecond / 10), now)));
  }

  #readOn(afterMs: number): void {
    this.#resume = this.#options.clock.after(afterMs, () => {
      this.#resume = undefined;
      // Nothing can be heard while nothing is read.
      this.#heard = true;
      while (!this.#closed) {
        const [next] = this.#backlog;
        if (!next) break;
        if (!this.#mayRead()) {
          this.#readOn(Math.max(1, this.#allowance.waitMs(1, this.#options.clock.now())));
          return;
        }
        this.#backlog.shift();
        this.#read(next.data, next.binary);
      }
      this.#socket.resume();
    });
  }

  #read(data: unknown, binary: boolean): void {
    if (binary) {
      this.#cut('syntax', CLOSE.unsupported, 'Send text');
      return;
    }
    const json = parse(String(data));
    const id = idOf(json);
    if (id === undefined) {
      this.#cut('syntax', CLOSE.policy, 'Not a request: send JSON with an id');
      return;
    }
    const { success, data: request, error } = requestSchema.safeParse(json);
    if (!success) {
      const [issue] = error.issues;
      const where = issue?.path.join('.') ?? '';
      this.#refuse(id, new RequestError('badRequest', `${where === '' ? 'The request' : where}: ${issue?.message ?? 'not understood'}`));
      return;
    }
    if (this.#underWay >= UNDER_WAY) {
      this.#refuse(id, new RequestError('tooMany', 'Wait for answers before you ask more', 1000));
      return;
    }
    this.#underWay += 1;
    this.#answer(request)
      .then((result) => this.#reply({ ...result, id, ok: true }))
      .catch((thrown: unknown) => {
        const { error, unexpected } = requestError(thrown);
        if (unexpected) this.#options.problem(thrown, `A fault in a page's request: ${request.do}`);
        this.#refuse(id, error);
      })
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  async #answer(request: Request): Promise<Record<string, unknown> | undefined> {
    if (request.do === 'join') return this.#join(request);
    if (!this.#session) throw new RequestError('outOfTurn', 'Join first');
    this.#options.confirmed(this.#session);
    return perform(this.#session, request);
  }

  async #join(request: Extract<Request, { do: 'join' }>): Promise<Record<string, unknown>> {
    if (this.#session || this.#joining)
      throw new RequestError('outOfTurn', 'You have joined, or are about to: one connection has one seat');
    this.#joining = true;
    this.#deadline.cancel();
    try {
      const { session, result } = await this.#options.join(request);
      this.#session = session;
      // After the answer, which goes out first.
      setImmediate(() => this.#begin(session, result.where));
      return { ...result };
    } finally {
      this.#joining = false;
      if (!this.#session && !this.#closed) this.#deadline = this.#expectJoin(NEXT_JOIN_MS);
    }
  }

  /** @param told where the answer to `join` said that it is */
  #begin(session: Session, told: 'lobby' | 'in'): void {
    if (!this.#closed && !session.over) session.attach(this, told);
    else if (!this.#closed) this.close(CLOSE.serviceRestart, 'The meeting ended meanwhile');
    else if (!session.attached) this.#options.broken(session);
  }

  #reply(reply: Reply): void {
    this.#send(JSON.stringify(reply));
  }

  #refuse(id: number, { code, message, retryMs, url, reason }: RequestError): void {
    this.#reply({
      id,
      ok: false,
      error: code,
      message,
      ...(retryMs === undefined ? {} : { retryMs }),
      ...(url === undefined ? {} : { url }),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #send(text: string): void {
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > UNREAD_BYTES) {
      this.#options.cut('slow');
      this.#closed = true;
      this.#socket.terminate();
      return;
    }
    this.#socket.send(text);
  }

  #cut(why: 'rate' | 'syntax' | 'joinLate', code: number, reason: string): void {
    this.#options.cut(why);
    this.close(code, reason);
  }

  #expectJoin(ms: number): Timer {
    return this.#options.clock.after(ms, () => this.#cut('joinLate', CLOSE.policy, 'Join, or leave the place to others'));
  }

  #pingLater(): Timer {
    return this.#options.clock.after(PING_MS, () => {
      if (!this.#heard || this.#closed) {
        if (!this.#closed) this.#options.cut('silent');
        this.#socket.terminate();
        return;
      }
      this.#heard = false;
      this.#socket.ping();
      this.#ping = this.#pingLater();
    });
  }

  #gone(): void {
    this.#closed = true;
    this.#deadline.cancel();
    this.#ping.cancel();
    this.#resume?.cancel();
    this.#backlog.length = 0;
    const session = this.#session;
    this.#session = undefined;
    if (session?.detach(this)) this.#options.broken(session);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function idOf(json: unknown): number | undefined {
  if (typeof json !== 'object' || json === null || !('id' in json)) return undefined;
  return typeof json.id === 'number' && Number.isSafeInteger(json.id) && json.id >= 0 ? json.id : undefined;
}
