import type { News, Results } from '../../bridge/browser/protocol.js';
import { type ClientEvents, ConnectionError, type ProtocolClient, ServiceError } from '../connection/client.js';
import type { LanguageCode } from '../language/texts.js';
import { ATTEMPTS_MAX, delayBefore } from '../model/backoff.js';
import type { Problem } from '../model/state.js';

/** What the person gave to get in. */
export interface JoinForm {
  readonly meeting: string;
  readonly name: string;
  readonly key: string | undefined;
  readonly pin: string | undefined;
}

export interface MeetingConnectionOptions {
  /** Opens a connection to the service at the given WebSocket address, within so many ms. */
  readonly connect: (url: string, events: ClientEvents, withinMs: number) => Promise<ProtocolClient>;
  readonly url: string;
  readonly language: () => LanguageCode;
  readonly wait: (ms: number) => Promise<void>;
  readonly random: () => number;
  readonly news: (news: News) => void;
  readonly lost: (attempt: number) => void;
  /** Joined again after the connection broke; with the same `participant` the seat has stood all the while. */
  readonly rejoined: (joined: Results['join']) => void;
  /** It does not come back: the service refuses, or cannot be reached. */
  readonly gaveUp: (problem: Problem) => void;
}

/** A meeting may be held by another node, which may just have handed it on; more hops than this are a circle. */
const HOPS_MAX = 3;

/** What the service may say to one who comes back, that another try can mend. */
const PASSING: ReadonlySet<string> = new Set(['tooMany', 'internal', 'mediaUnavailable', 'elsewhere', 'meetingFull', 'licencesExhausted']);

/** A node whose machine died answers nothing at all: where there is another, that is tried soon. */
const OPEN_MS = 4_000;
const OPEN_PATIENTLY_MS = 10_000;

/** Of what the service says that it wants to be left alone for: longer than this nobody waits in front of a black picture. */
const LISTENS_AFTER_MAX_MS = 30_000;

/** The service is asked something when nothing was for so long: a connection whose other end is gone without a word looks open for ever. */
const HEARTBEAT_MS = 10_000;

/**
 * The connection of one seat: joins, follows the meeting to the node that holds it, and when the connection breaks comes back by itself with
 * growing delays.
 */
export class MeetingConnection {
  readonly #options: MeetingConnectionOptions;
  readonly #form: JoinForm;
  #client: ProtocolClient | undefined;
  #resume: string | undefined;
  /** Where to come back to: where we were, then the other nodes. */
  #addresses: readonly string[] = [];
  #over = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #askedSince = false;

  constructor(form: JoinForm, options: MeetingConnectionOptions) {
    this.#form = form;
    this.#options = options;
  }

  /** Bound, so that it can be handed on. */
  readonly ask: ProtocolClient['ask'] = (name, body) => {
    this.#askedSince = true;
    return this.#client ? this.#client.ask(name, body) : Promise.reject(new ConnectionError('there is no connection'));
  };

  /** @throws {ServiceError | ConnectionError} when it does not get in */
  async join(first = this.#options.url): Promise<Results['join']> {
    let url = first;
    for (let hop = 0; ; hop += 1) {
      const events = { news: (news: News) => this.#options.news(news), closed: () => this.#closed(client) };
      const client = await this.#options.connect(url, events, this.#addresses.length > 1 ? OPEN_MS : OPEN_PATIENTLY_MS);
      try {
        const { meeting, name, key, pin } = this.#form;
        const joined = await client.ask('join', { meeting, name, key, pin, resume: this.#resume, language: this.#options.language() });
        if (this.#over) {
          // Left while it was asked for: the seat is not to stand empty.
          client.tell('leave', {});
          throw new ConnectionError('the meeting was left');
        }
        this.#resume = joined.resume;
        this.#addresses = [url, ...joined.nodes.map((node) => webSocketUrl(node, url)).filter((node) => node !== url)];
        this.#client = client;
        clearInterval(this.#heartbeat);
        this.#heartbeat = setInterval(() => this.#beat(client), HEARTBEAT_MS);
        return joined;
      } catch (error) {
        client.close();
        if (!(error instanceof ServiceError) || error.code !== 'elsewhere' || error.url === undefined || hop >= HOPS_MAX) throw error;
        url = webSocketUrl(error.url, this.#options.url);
      }
    }
  }

  /** Says goodbye; nothing is heard of it afterwards. */
  leave(): void {
    this.#over = true;
    this.#client?.tell('leave', {});
    this.close();
  }

  close(): void {
    this.#over = true;
    clearInterval(this.#heartbeat);
    this.#client?.close();
    this.#client = undefined;
  }

  #beat(client: ProtocolClient): void {
    // In the lobby this is out of turn: an answer all the same. None closes the connection (client.ts).
    if (!this.#askedSince) client.ask('quality', { freezes: 0 }).catch(() => undefined);
    this.#askedSince = false;
  }

  #closed(client: ProtocolClient): void {
    // One that has not joined tells so by a rejection, and one that was left is of no interest.
    if (this.#over || client !== this.#client) return;
    clearInterval(this.#heartbeat);
    this.#client = undefined;
    void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    let listensAfterMs = 0;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      this.#options.lost(attempt);
      await this.#options.wait(Math.max(listensAfterMs, delayBefore(attempt, this.#options.random())));
      if (this.#over) return;
      try {
        const joined = await this.join(this.#addresses[(attempt - 1) % this.#addresses.length]);
        return this.#options.rejoined(joined);
      } catch (error) {
        if (this.#over) return;
        if (error instanceof ServiceError && !PASSING.has(error.code)) return this.#options.gaveUp(problemOf(error));
        listensAfterMs = Math.min(LISTENS_AFTER_MAX_MS, error instanceof ServiceError ? (error.retryMs ?? 0) : 0);
      }
    }
    this.#options.gaveUp({ code: 'connection' });
  }
}

/** An address that the service names: absolute or not, of the page or of the WebSocket. */
export function webSocketUrl(named: string, base: string): string {
  const url = new URL(named, base);
  if (url.protocol === 'http:' || url.protocol === 'https:') url.protocol = url.protocol.replace('http', 'ws');
  if (url.pathname === '/' || url.pathname.startsWith('/m/')) url.pathname = '/ws';
  url.hash = '';
  return url.href;
}

/** What went wrong, as the dictionary knows it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ServiceError)
    return { code: error.code, retryMs: error.retryMs, ...(error.reason === undefined ? {} : { reason: error.reason }) };
  return { code: error instanceof ConnectionError ? 'connection' : 'internal' };
}
