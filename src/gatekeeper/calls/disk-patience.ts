import type { Clock, EpochMs } from '../../clock.js';

export interface DiskPatienceOptions {
  /** A write that takes longer than this, in milliseconds, is the last for a while. */
  readonly limitMs: number;
  readonly clock: Clock;
  /** `tookMs`: what was too long. `pauseMs`: until the next try. */
  readonly onStall: (tookMs: number, pauseMs: number) => void;
}

const PAUSE_MS = 10_000;

/**
 * For writes that the whole process waits for. They go to the page cache and take microseconds, but a kernel that is behind with its disk
 * makes writers wait: that may happen once, and then not again for 10 s.
 */
export class DiskPatience {
  readonly #options: DiskPatienceOptions;
  #pausedUntil: EpochMs = 0;

  constructor(options: DiskPatienceOptions) {
    this.#options = options;
  }

  /** What `write` says; false without calling it while the disk is left alone. */
  try(write: () => boolean): boolean {
    const { clock, limitMs, onStall } = this.#options;
    if (clock.now() < this.#pausedUntil) return false;
    const before = performance.now();
    const written = write();
    const took = performance.now() - before;
    if (took > limitMs) {
      this.#pausedUntil = clock.now() + PAUSE_MS;
      onStall(took, PAUSE_MS);
    }
    return written;
  }
}
