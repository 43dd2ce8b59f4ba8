import { isatty } from 'node:tty';

/**
 * What the process is told from outside. Listens from its making on, so that no signal kills a service that is just starting: a stop that
 * came too early is done as soon as it can be, and so is a reload.
 */
export class Signals {
  /** Aborted by the first SIGTERM or SIGINT, or when the terminal closes. */
  readonly stop = new AbortController();
  /** Aborted by the second. */
  readonly hurry = new AbortController();
  readonly #terminal = isatty(process.stdout.fd);
  #reload: (() => void) | undefined;
  #reloadWanted = false;

  constructor() {
    process.on('SIGHUP', this.#onHangup).on('SIGTERM', this.#onStop).on('SIGINT', this.#onStop);
  }

  /** From now on SIGHUP does this; at once, if one came before. */
  onReload(reload: () => void): void {
    this.#reload = reload;
    if (this.#reloadWanted) reload();
  }

  close(): void {
    process.off('SIGHUP', this.#onHangup).off('SIGTERM', this.#onStop).off('SIGINT', this.#onStop);
  }

  readonly #onStop = (): void => {
    (this.stop.signal.aborted ? this.hurry : this.stop).abort();
  };

  readonly #onHangup = (): void => {
    // A terminal that was closed sends SIGHUP too, and nobody would find a service that goes on without it.
    if (this.#terminal && !isatty(process.stdout.fd)) this.#onStop();
    else if (this.#reload) this.#reload();
    else this.#reloadWanted = true;
  };
}

/** Also where it happened before anybody asked. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
