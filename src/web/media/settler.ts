import { retryDelay } from '../model/backoff.js';

/**
 * Brings something to where it is wanted, one step at a time: `kick` says that what is wanted has changed. However often that happens while a
 * step is under way, one more step follows, which sees the last wish. A step that failed for a reason that passes is taken again, later and
 * later.
 */
export class Settler {
  readonly #step: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #running = false;
  #again = false;
  /** Steps that failed in a row. */
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** @param failed told each time that a step rejects; unless the reason passes (`retryDelay`) nothing more is tried before the next kick */
  constructor(step: () => Promise<void>, failed: (error: unknown) => void) {
    this.#step = step;
    this.#failed = failed;
  }

  kick(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  /** Something happened that may have mended it; a step that waits for its time goes on waiting. */
  nudge(): void {
    if (this.#retry === undefined) this.kick();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      try {
        await this.#step();
        this.#failures = 0;
      } catch (error) {
        this.#failures += 1;
        const delay = retryDelay(error, this.#failures);
        if (delay !== undefined && !this.#again) this.#retry = setTimeout(() => this.kick(), delay);
        this.#failed(error);
      }
    }
    this.#running = false;
  }
}
