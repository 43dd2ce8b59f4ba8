/**
 * Keeps messages of one direction in order where some of them have to wait (for a port to be opened): what comes after one that waits, waits
 * behind it. What need not wait is handled at once, in the same turn.
 */
export class MessageQueue {
  #waiting: Promise<void> | undefined;
  #depth = 0;
  readonly #limit: number;
  readonly #onFault: (error: unknown) => void;

  constructor(limit: number, onFault: (error: unknown) => void) {
    this.#limit = limit;
    this.#onFault = onFault;
  }

  /** `task` says by a promise that it has to wait. False: more messages wait than `limit`, and this one was not taken. */
  run(task: () => Promise<void> | undefined): boolean {
    if (this.#depth >= this.#limit) return false;
    const work = this.#waiting ? this.#waiting.then(task) : this.#now(task);
    if (work === undefined) return true;
    this.#depth++;
    const settled = work.then(
      () => undefined,
      (error: unknown) => this.#onFault(error),
    );
    this.#waiting = settled;
    void settled.then(() => {
      this.#depth--;
      if (this.#waiting === settled) this.#waiting = undefined;
    });
    return true;
  }

  #now(task: () => Promise<void> | undefined): Promise<void> | undefined {
    try {
      return task();
    } catch (error) {
      this.#onFault(error);
      return undefined;
    }
  }
}
