import type { Clock, EpochMs } from '../../../clock.js';
import { OldestFirst } from './oldest-first.js';

/** A call that an endpoint may make now: its ARQ was confirmed, its Setup has not come yet. */
export interface Admission {
  /** 32 hexadecimal digits in lower case: the callIdentifier, or the conferenceID of an endpoint that is too old to give one. */
  readonly callIdentifier: string;
  /** The endpoint that asked. */
  readonly endpointId: string;
  /** What it dialled, as text for the resolver. */
  readonly dialled: string;
  /** Granted, in 100 bit/s, both directions together (H.225.0 §7.9.2, bandWidth). */
  readonly bandwidth: number;
  readonly at: EpochMs;
}

export interface AdmissionsOptions {
  readonly clock: Clock;
  /** Admissions kept at most; a further one takes the place of the oldest. Default 20,000. */
  readonly limit?: number;
  /** How long a Setup may take to come. Default 60,000. */
  readonly lifetimeMs?: number;
  /** An admission lapsed without a Setup: what was held for it can go. */
  readonly onLapse?: (admission: Admission) => void;
}

/** Confirmed ARQs whose Setup is awaited: bounded, and gone after a minute. */
export class Admissions {
  /** Oldest first: a map keeps the order in which its keys came. */
  readonly #admissions = new Map<string, Admission>();
  readonly #oldest = new OldestFirst(this.#admissions);
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #lifetimeMs: number;
  readonly #onLapse: (admission: Admission) => void;

  constructor({ clock, limit = 20_000, lifetimeMs = 60_000, onLapse = () => undefined }: AdmissionsOptions) {
    this.#clock = clock;
    this.#limit = limit;
    this.#lifetimeMs = lifetimeMs;
    this.#onLapse = onLapse;
  }

  get size(): number {
    return this.#admissions.size;
  }

  /** An endpoint may ask again for the same call: the last answer counts. Whose the call is, is to be asked before (`find`). */
  put(admission: Admission): void {
    const earlier = this.#admissions.get(admission.callIdentifier);
    if (earlier && earlier.endpointId !== admission.endpointId) this.#lapse(earlier);
    this.#admissions.delete(admission.callIdentifier);
    if (this.#admissions.size >= this.#limit) {
      const oldest = this.#admissions.get(this.#oldest.next() ?? '');
      if (oldest) this.#lapse(oldest);
    }
    this.#admissions.set(admission.callIdentifier, admission);
  }

  find(callIdentifier: string): Admission | undefined {
    const admission = this.#admissions.get(callIdentifier);
    return admission === undefined || admission.at + this.#lifetimeMs <= this.#clock.now() ? undefined : admission;
  }

  /** The Setup came: gives the admission away, once. What is held for the call is the caller's to release from now on. */
  take(callIdentifier: string): Admission | undefined {
    const admission = this.find(callIdentifier);
    if (admission) this.#admissions.delete(callIdentifier);
    return admission;
  }

  /** The endpoint does without the call after all (DRQ before Setup). */
  cancel(callIdentifier: string, endpointId: string): void {
    const admission = this.#admissions.get(callIdentifier);
    if (admission?.endpointId === endpointId) this.#lapse(admission);
  }

  /** Lets go what has lapsed. To be called now and then; cheap when there is nothing. */
  expire(): void {
    const now = this.#clock.now();
    for (const admission of this.#admissions.values()) {
      if (admission.at + this.#lifetimeMs > now) return;
      this.#lapse(admission);
    }
  }

  #lapse(admission: Admission): void {
    this.#admissions.delete(admission.callIdentifier);
    this.#onLapse(admission);
  }
}
