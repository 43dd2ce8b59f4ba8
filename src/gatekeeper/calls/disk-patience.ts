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
  #stalledAt: EpochMs = Number.NEGATIVE_INFINITY;

  constructor(options: DiskPatienceOptions) {
    this.#options = options;
  }

  /** What `write` says; false without calling it while the disk is left alone. */
  try(write: () => boolean): boolean {
    const { clock, limitMs, onStall } = this.#options;
    const pausedFor = clock.now() - this.#stalledAt;
    // Below 0 the clock was set back, by perhaps a year.
    if (pausedFor >= 0 && pausedFor < PAUSE_MS) return false;
    const before = performance.now();
    const written = write();
    const took = performance.now() - before;
    if (took > limitMs) {
      this.#stalledAt = clock.now();
      onStall(took, PAUSE_MS);
    }
    return written;
  }
}
