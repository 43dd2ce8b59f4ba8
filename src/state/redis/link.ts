import { bytesRead, type Client, cut } from './connection.js';

export interface LinkOptions {
  readonly connect: () => Client;
  /** When commands wait and no answer at all comes for so long, Redis is away. */
  readonly timeoutMs: number;
  /** A command failed. Called once for all that failed with it. */
  readonly onFailure: (error: Error) => void;
  /** How long a command took, in seconds. */
  readonly onCommand: (seconds: number) => void;
}

/** Redis did not answer, or not as it should. Whether it did what it was told is not known. */
export class AwayError extends Error {}

/** A connection that is not ready after so long is given up: whoever took it may hang, or have been replaced since. */
const STUCK_MS = 2000;
/** So many times in a row nothing came: then Redis is silent. */
const LOOKS = 4;

interface Waiting {
  readonly fail: (error: Error) => void;
}

/**
 * Commands to Redis that always settle: with Redis' answer, or with an error when the connection breaks or hangs. Never repeated.
 *
 * Waiting is bounded by the silence of Redis and not by the time of each command: under a burst the last may wait long while all is well.
 * Real time, whatever the store's clock: sockets know no other.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #waiting = new Set<Waiting>();
  #client: Client;
  /** When it was last ready, or begun. */
  #readyAt = performance.now();
  #read = 0;
  #silentLooks = 0;
  #watch: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#client = options.connect();
  }

  /** Whether commands can be sent. To be asked now and then while they cannot: a connection that gets nowhere is begun anew. */
  get ready(): boolean {
    const now = performance.now();
    if (this.#client.status === 'ready') this.#readyAt = now;
    else if (!this.#closed && now - this.#readyAt > STUCK_MS) this.#connectAnew();
    return this.#client.status === 'ready';
  }

  run<T>(send: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new AwayError('The connection to Redis is closed'));
    const began = performance.now();
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { fail: reject };
      this.#waiting.add(waiting);
      this.#watch ??= this.#watchSoon();
      answerOf(send, this.#client).then(
        (reply) => {
          if (!this.#waiting.delete(waiting)) return;
          this.#options.onCommand((performance.now() - began) / 1000);
          resolve(reply);
        },
        (error: Error) => {
          if (!this.#waiting.delete(waiting)) return;
          reject(new AwayError(error.message, { cause: error }));
          if (!this.#closed) this.#options.onFailure(error);
        },
      );
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#watch);
    cut(this.#client);
    this.#failAll(new AwayError('The connection to Redis is closed'));
  }

  #watchSoon(): NodeJS.Timeout {
    // When this process itself was late, answers may lie in the socket unread: they get their turn before anything is concluded.
    const timer = setTimeout(() => setImmediate(() => setImmediate(() => this.#look())), this.#options.timeoutMs / LOOKS);
    return timer.unref();
  }

  /** Counts looks and not milliseconds: a process that was busy for a second has not listened for a second. */
  #look(): void {
    this.#watch = undefined;
    if (this.#closed) return;
    const read = bytesRead(this.#client);
    this.#silentLooks = read === this.#read ? this.#silentLooks + 1 : 0;
    this.#read = read;
    if (this.#waiting.size === 0) {
      this.#silentLooks = 0;
      return;
    }
    if (this.#silentLooks < LOOKS) {
      this.#watch = this.#watchSoon();
      return;
    }
    this.#silentLooks = 0;
    const error = new AwayError(`Redis did not answer within ${this.#options.timeoutMs} ms`);
    this.#connectAnew();
    this.#failAll(error);
    this.#options.onFailure(error);
  }

  #connectAnew(): void {
    cut(this.#client);
    this.#client = this.#options.connect();
    this.#readyAt = performance.now();
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { fail } of waiting) fail(error);
  }
}

/** A command that cannot even be written is one that failed. */
async function answerOf<T>(send: (client: Client) => Promise<T>, client: Client): Promise<T> {
  return send(client);
}
