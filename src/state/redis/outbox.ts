/** So long news gather, so that what belongs together goes in one message. Real time: sockets know no other. */
const GATHER_MS = 5;

/**
 * News on their way to Redis: they gather for a few milliseconds, and while a message is under way. `send` gives one message's worth and
 * says whether there is more; it is not called again before it has settled.
 */
export class Outbox {
  readonly #send: () => Promise<boolean>;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;
  /** Something came while it was sending, which the sending may not have seen. */
  #more = false;

  constructor(send: () => Promise<boolean>) {
    this.#send = send;
  }

  /** There is something to send. */
  soon(): void {
    this.#more = true;
    if (this.#timer || this.#sending || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, GATHER_MS);
  }

  /** Sends all there is. Never rejects: what could not be sent is its owner's to send later. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#more = false;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#more) this.soon();
    });
    return this.#sending;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #sendAll(): Promise<void> {
    while (!this.#closed && (await this.#send()));
  }
}
