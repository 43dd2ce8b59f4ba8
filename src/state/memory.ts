import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../clock.js';
import type { OrganisationId } from '../gatekeeper/plan/plan.js';
import type {
  Registration,
  RegistrationChange,
  RegistrationIndex,
  RegistrationResult,
  RegistrationsResult,
} from '../gatekeeper/registry/registration.js';
import { type RegistrationListener, Registry } from '../gatekeeper/registry/registry.js';
import { Alone } from './alone.js';
import { CallLicences } from './call-licences.js';
import type { CallStore } from './call-store.js';
import type { EndpointStore } from './endpoint-store.js';
import { LocalMeetings } from './local-meetings.js';
import { type LocalNonceOptions, LocalNonces } from './local-nonces.js';
import type { MeetingStore } from './meeting-store.js';
import type { HintStore, MemberStore } from './member-store.js';
import type { LicenceStore, NonceStore, RegistrationStore, StateStore } from './store.js';

const EXPIRY_INTERVAL_MS = 1000;
/** When more has run out than one turn may handle: soon again, but after the messages that wait. */
const EXPIRY_CATCH_UP_MS = 10;

export type MemoryStoreOptions = LocalNonceOptions;

/** The embedded answer to `StateStore`: everything in this process, exact, gone with it. */
export class MemoryStore implements StateStore {
  readonly registrations: RegistrationStore;
  readonly licences: LicenceStore = new CallLicences();
  readonly nonces: NonceStore;
  readonly calls: CallStore;
  readonly meetings: MeetingStore;
  readonly endpoints: EndpointStore;
  readonly members: MemberStore;
  readonly hints: HintStore;
  readonly secret = randomBytes(32);
  readonly #clock: Clock;
  readonly #registry = new Registry();
  #expiry: Timer;

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock;
    this.registrations = new MemoryRegistrations(this.#registry, options.clock);
    this.nonces = new LocalNonces(options);
    const alone = new Alone();
    this.calls = alone;
    this.endpoints = alone.endpoints;
    this.members = alone.members;
    this.hints = alone.hints;
    this.meetings = new LocalMeetings(options.clock, alone.members.self);
    this.#expiry = this.#clock.after(EXPIRY_INTERVAL_MS, () => this.#expire());
  }

  close(): Promise<void> {
    this.#expiry.cancel();
    return Promise.resolve();
  }

  #expire(): void {
    const more = this.#registry.expire(this.#clock.now());
    this.#expiry = this.#clock.after(more ? EXPIRY_CATCH_UP_MS : EXPIRY_INTERVAL_MS, () => this.#expire());
  }
}

class MemoryRegistrations implements RegistrationStore {
  readonly #registry: Registry;
  readonly #clock: Clock;

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  get index(): RegistrationIndex {
    return this.#registry;
  }

  apply(change: RegistrationChange): Promise<RegistrationResult> {
    return Promise.resolve(this.#registry.apply(change, this.#clock.now()));
  }

  applyAll(changes: readonly RegistrationChange[]): Promise<RegistrationsResult> {
    return Promise.resolve(this.#registry.applyAll(changes, this.#clock.now()));
  }

  all(): Iterable<Registration> {
    return this.#registry.values();
  }

  count(organisation?: OrganisationId): number {
    return organisation === undefined ? this.#registry.size : this.#registry.count(organisation);
  }

  dropFlow(flow: string): Promise<number> {
    return Promise.resolve(this.#registry.dropFlow(flow, (binding) => binding.regId > 0));
  }

  onChange(listener: RegistrationListener): () => void {
    return this.#registry.onChange(listener);
  }
}
