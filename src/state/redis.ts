import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../clock.js';
import type { CallStore } from './call-store.js';
import type { EndpointStore } from './endpoint-store.js';
import { type LocalNonceOptions, LocalNonces } from './local-nonces.js';
import type { MeetingStore } from './meeting-store.js';
import type { HintStore, MemberStore } from './member-store.js';
import { SharedCalls } from './redis/calls.js';
import { ChangeFeed, readSteps, type Step } from './redis/change-feed.js';
import { type Client, connect, type RedisConnection } from './redis/connection.js';
import { SharedEndpoints } from './redis/endpoints.js';
import { SharedHints } from './redis/hints.js';
import { type Keys, keysOf } from './redis/keys.js';
import { SharedLicences } from './redis/licences.js';
import { AwayError, Link } from './redis/link.js';
import { SharedMeetings } from './redis/meetings.js';
import { SharedMembers } from './redis/members.js';
import { SharedRegistrations } from './redis/registrations.js';
import type { Version } from './redis/shared-registration.js';
import { inSlices } from './redis/slices.js';
import type { LicenceStore, NonceStore, RegistrationStore, StateStore } from './store.js';

export type { RedisAddress, RedisConnection } from './redis/connection.js';

export interface RedisStoreOptions extends LocalNonceOptions {
  readonly clock: Clock;
  /** The name of this instance; another run of it is another owner of licences and calls. */
  readonly instance: string;
  /** Of the program, for the others to know. Default ''. */
  readonly version?: string;
  readonly connection: RedisConnection;
  /** Stores with the same prefix in the same Redis are one. Without braces. */
  readonly keyPrefix: string;
  /** From one sign of life to the next. Default 500: others' licences are known that fresh. */
  readonly beatMs?: number;
  /** An instance that gave no sign for so long is dead: its licences go back, its calls over to others. Default 10,000. */
  readonly deadMs?: number;
  /** A call of an instance that gave no sign for so long goes over to whoever is asked for it. Default 1500. */
  readonly silentMs?: number;
  /** A node that gave no sign of life for so long has no meetings any more. Default 3000. */
  readonly meetingLifeMs?: number;
  /** When Redis says nothing at all for so long it is away. Default 200. */
  readonly commandTimeoutMs?: number;
  /** At the start Redis must be there within so long. Default 5000. */
  readonly openTimeoutMs?: number;
  /** Steps the stream of changes keeps, about: an instance that was behind by more reads everything again. Default 20,000. */
  readonly maxStream?: number;
  readonly observer?: RedisObserver;
}

export interface RedisObserver {
  /** A command was answered, after so many seconds. */
  command?(seconds: number): void;
  /** A change made by another instance shows here, so many seconds after Redis took it, by Redis' clock and ours. */
  followed?(seconds: number): void;
  /** Redis went away, and why; or, without a reason, it is back and everything is handed on. */
  changed?(reason: string | undefined): void;
  /** A fault of ours, or something in Redis that cannot be read. The store goes on. */
  fault?(error: unknown): void;
}

export interface RedisStatus {
  readonly state: 'connected' | 'away';
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Why it is away, for a person. */
  readonly reason: string | undefined;
}

const BEAT_MS = 500;
const DEAD_MS = 10_000;
/** Three beats. */
const SILENT_MS = 1500;
const MEETING_LIFE_MS = 3000;
/** Some ten seconds. */
const SECRET_BEATS = 20;
/** Some ten minutes. */
const PRUNE_BEATS = 1200;
/** Instances find Redis again within so long of each other, and then need a beat. */
const RECONNECT_MS = 1000;
const EXPIRY_MS = 1000;
const EXPIRY_CATCH_UP_MS = 10;
/** Aliases read at once when everything is read. */
const SCAN = 200;

/**
 * The answer to `StateStore` that instances share, on Redis 7 or later: one server, Sentinel or Cluster.
 *
 * It is in one of two states. *Connected*: every change is a step of the store, and every other instance hears of it by the stream. *Away*:
 * nothing waits for Redis; registrations are changed here alone, licences come from this instance's share, and once a beat it looks whether
 * Redis is back. Then everything is compared with what the store has, what was changed here is handed on, and only when nothing is left to
 * say does it count as connected.
 */
export class RedisStore implements StateStore {
  readonly registrations: RegistrationStore;
  readonly licences: LicenceStore;
  readonly nonces: NonceStore;
  readonly calls: CallStore;
  readonly meetings: MeetingStore;
  readonly endpoints: EndpointStore;
  readonly members: MemberStore;
  readonly hints: HintStore;
  readonly #options: RedisStoreOptions;
  readonly #keys: Keys;
  readonly #owner: string;
  readonly #link: Link;
  readonly #registrations: SharedRegistrations;
  readonly #licences: SharedLicences;
  readonly #calls: SharedCalls;
  readonly #meetings: SharedMeetings;
  readonly #endpoints: SharedEndpoints;
  readonly #members: SharedMembers;
  readonly #hints: SharedHints;
  #secret = randomBytes(32);
  #beats = 0;
  /** How often Redis went away: whoever waits for it must see that it did meanwhile. */
  #departures = 0;
  #lastBeat = 0;
  #wasThere = false;
  #feed: ChangeFeed | undefined;
  #status: RedisStatus;
  /** What a client said last: a refused password is not seen in any command. */
  #complaint: string | undefined;
  #beating: Promise<void> | undefined;
  #sweeping = false;
  #beat: Timer | undefined;
  #expiry: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** Opens when this instance has all that the store has. Rejects with a sentence when Redis cannot be reached or used. */
  static async open(options: RedisStoreOptions): Promise<RedisStore> {
    const store = new RedisStore(options);
    const end = performance.now() + (options.openTimeoutMs ?? 5000);
    // Real time: with a virtual clock nobody would turn it while this waits.
    for (;;) {
      await store.#recoverOnce();
      if (store.#status.state === 'connected') break;
      if (performance.now() > end) {
        const { reason } = store.#status;
        store.#abandon();
        throw new Error(`Redis (${describe(options.connection)}) cannot be used: ${reason ?? 'it does not answer'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    store.#beatSoon();
    store.#expireSoon(EXPIRY_MS);
    return store;
  }

  private constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#keys = keysOf(options.keyPrefix);
    this.#owner = `${options.instance}/${randomBytes(6).toString('hex')}`;
    this.#status = { state: 'away', since: options.clock.now(), reason: undefined };
    this.#link = new Link({
      connect: () => this.#connect(),
      timeoutMs: options.commandTimeoutMs ?? 200,
      onFailure: (error) => this.#goAway(error),
      onCommand: (seconds) => options.observer?.command?.(seconds),
    });
    const { clock, instance, version = '', beatMs = BEAT_MS, deadMs = DEAD_MS, silentMs = SILENT_MS, maxStream = 20_000 } = options;
    const shared = { link: this.#link, keys: this.#keys, owner: this.#owner, clock };
    this.#registrations = new SharedRegistrations({ ...shared, maxStream });
    const graceMs = 2 * beatMs + RECONNECT_MS;
    this.#licences = new SharedLicences({ ...shared, deadMs, graceMs, reconcile: () => this.#reconcile() });
    this.#members = new SharedMembers({
      owner: this.#owner,
      instance,
      version,
      startedAt: clock.now(),
      deadMs,
      livingMs: 2 * silentMs,
      onNews: () => void this.#beatAgain(),
    });
    const hasHeirs = () => this.#members.others().some(({ state }) => state === 'serving');
    this.#hints = new SharedHints({ ...shared, connect: () => this.#connect() });
    this.#calls = new SharedCalls({ ...shared, hints: this.#hints, instance, licences: this.#licences, deadMs, silentMs, hasHeirs });
    this.#endpoints = new SharedEndpoints({ ...shared, hints: this.#hints });
    const { meetingLifeMs: lifeMs = MEETING_LIFE_MS } = options;
    const onFault = (error: unknown) => options.observer?.fault?.(error);
    this.#meetings = new SharedMeetings({ ...shared, hints: this.#hints, instance, beatMs, lifeMs, silentMs, onFault });
    this.registrations = this.#registrations;
    this.licences = this.#licences;
    this.calls = this.#calls;
    this.endpoints = this.#endpoints;
    this.meetings = this.#meetings;
    this.members = this.#members;
    this.hints = this.#hints;
    this.nonces = new LocalNonces(options);
  }

  get status(): RedisStatus {
    return this.#status;
  }

  /** Instances that share the store, this one among them, as far as is known. */
  get instances(): number {
    return this.#members.living;
  }

  get secret(): Buffer {
    return this.#secret;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#beat?.cancel();
    this.#expiry?.cancel();
    this.#feed?.close();
    await this.#beating;
    if (this.#status.state === 'connected') await this.#leave().catch(() => undefined); // away: then this instance will count as dead
    this.#abandon();
    await this.#beating;
  }

  async #reconcile(): Promise<void> {
    await this.#calls.reconcile();
    // Whoever loses a meeting gives its ports back, before it is said what is held.
    await this.#meetings.reconcile();
  }

  async #leave(): Promise<void> {
    await this.#calls.flush();
    await this.#meetings.leave();
    await this.#licences.bury(this.#owner, undefined);
  }

  #abandon(): void {
    this.#closing ??= Promise.resolve();
    this.#feed?.close();
    this.#hints.close();
    this.#endpoints.close();
    this.#meetings.close();
    this.#calls.close();
    this.#link.close();
  }

  #connect(): Client {
    return connect(this.#options.connection, `portvakt ${this.#owner}`, (error) => {
      this.#complaint = error.message === '' ? String(error) : error.message;
    });
  }

  #goAway(error: Error): void {
    this.#departures += 1;
    // Licences come back before registrations do.
    this.#licences.goAway();
    this.#calls.goAway();
    this.#endpoints.goAway();
    this.#meetings.goAway();
    this.#hints.goAway();
    if (this.#closing || this.#status.state === 'away') {
      this.#status = { ...this.#status, reason: this.#complaint ?? error.message };
      return;
    }
    const reason = this.#complaint ?? error.message;
    this.#status = { state: 'away', since: this.#options.clock.now(), reason };
    this.#registrations.away = true;
    this.#feed?.close();
    this.#feed = undefined;
    this.#options.observer?.changed?.(reason);
  }

  #beatSoon(): void {
    this.#beat = this.#options.clock.after(this.#options.beatMs ?? BEAT_MS, () => {
      void this.#beatNow();
      this.#beatSoon();
    });
  }

  /** With a slow Redis a beat may last longer than the pause between two. */
  #beatNow(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  /** There is something to say that a beat which is under way may not have said. */
  async #beatAgain(): Promise<void> {
    await this.#beating;
    await this.#beatNow();
  }

  async #beatOnce(): Promise<void> {
    if (this.#closing) return;
    if (this.#status.state === 'away') {
      await this.#recoverOnce();
      return;
    }
    await this.#tellAndLearn().catch(() => undefined); // what fails here has told the link
  }

  async #tellAndLearn(): Promise<void> {
    const beat = await this.#licences.beat(this.#members.card);
    if (!beat || this.#closing) return;
    this.#members.update(beat);
    // Thousands of calls may come over: the next beat does not wait for them.
    this.#calls.sweep(beat).catch(() => undefined); // as above
    this.#beats += 1;
    if (this.#beats % SECRET_BEATS === 0) await this.#learnSecret();
    if (this.#beats % PRUNE_BEATS === 0) await this.#calls.prune(beat.now);
  }

  #expireSoon(ms: number): void {
    this.#expiry = this.#options.clock.after(ms, () => {
      const more = this.#registrations.expire();
      if (!more) void this.#sweep();
      this.#expireSoon(more ? EXPIRY_CATCH_UP_MS : EXPIRY_MS);
    });
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#closing || this.#status.state === 'away') return;
    this.#sweeping = true;
    await this.#registrations.sweep().catch(() => undefined);
    this.#sweeping = false;
  }

  async #recoverOnce(): Promise<void> {
    if (this.#closing || !this.#link.ready) {
      if (this.#complaint !== undefined) this.#status = { ...this.#status, reason: this.#complaint };
      return;
    }
    try {
      await this.#recover();
    } catch (error) {
      this.#goAway(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #recover(): Promise<void> {
    this.#complaint = undefined;
    const departures = this.#departures;
    // Licences first: the sooner everyone has said what it holds, the sooner the store counts right.
    await this.#agreeOnSecret();
    await this.#licences.settle();
    await this.#sayAlive();
    await this.#meetings.comeBack();
    const { position, common } = await this.#catchUp();
    this.#registrations.startAt(position);
    await this.#compareAll(common);
    await this.#endpoints.comeBack();
    while (this.#registrations.owed > 0) await this.#registrations.handOn(() => this.#breathe());
    // Nothing is waited for from here on: nobody can change anything here alone any more.
    if (this.#closing) return;
    if (this.#departures !== departures) throw new AwayError('Redis went away again');
    this.#registrations.away = false;
    this.#feed = new ChangeFeed({
      connect: () => this.#connect(),
      stream: this.#keys.changes,
      from: position,
      onStep: (step) => this.#follow(step),
      onLost: (error) => this.#goAway(error),
    });
    this.#hints.comeBack();
    // What it has to say of calls that are over goes by hints.
    this.#calls.comeBack();
    this.#wasThere = true;
    this.#status = { state: 'connected', since: this.#options.clock.now(), reason: undefined };
    this.#options.observer?.changed?.(undefined);
  }

  /** All this may take long: the others must not take this instance for dead meanwhile. */
  async #breathe(): Promise<void> {
    if (this.#closing) throw new AwayError('The store is being closed');
    if (performance.now() - this.#lastBeat >= (this.#options.beatMs ?? BEAT_MS)) await this.#sayAlive();
  }

  async #sayAlive(): Promise<void> {
    this.#lastBeat = performance.now();
    const beat = await this.#licences.beat(this.#members.card);
    if (beat) this.#members.update(beat);
  }

  /**
   * The first of all instances makes it. Should Redis have lost it, whoever has it already puts it back: one that started meanwhile with
   * another takes this one over with a later beat.
   */
  async #agreeOnSecret(): Promise<void> {
    const { secret: key } = this.#keys;
    const ours = this.#secret.toString('hex');
    if (this.#wasThere) await this.#link.run((client) => client.set(key, ours));
    else await this.#link.run((client) => client.set(key, ours, 'NX'));
    await this.#learnSecret();
  }

  async #learnSecret(): Promise<void> {
    const secret = await this.#link.run((client) => client.get(this.#keys.secret));
    if (secret && secret !== this.#secret.toString('hex')) this.#secret = Buffer.from(secret, 'hex');
  }

  #follow(step: Step): void {
    this.#registrations.follow(step);
    if (step.owner !== this.#owner) this.#options.observer?.followed?.(Math.max(0, Date.now() - step.version / 1000) / 1000);
  }

  /**
   * Follows the stream as far as it goes. `common`: the last step that both the store and this instance had; a store that lost its latest
   * steps, as a promoted replica may, goes on from an earlier one. Infinity: steps are missing here, not there.
   */
  async #catchUp(): Promise<{ readonly position: Version; readonly common: Version }> {
    const { version: key, changes } = this.#keys;
    const latest = Number((await this.#link.run((client) => client.get(key))) ?? 0);
    const known = this.#registrations.position;
    if (known === 0) return { position: latest, common: Number.POSITIVE_INFINITY };
    if (latest < known) return { position: latest, common: latest };
    let common: Version = known;
    let position = known;
    for (;;) {
      const steps = await this.#link.run((client) => readSteps(client, changes, position));
      await inSlices(steps, (step) => {
        if (step.before < known && position === known) common = step.before;
        else if (step.before !== position) common = Number.POSITIVE_INFINITY;
        this.#registrations.follow(step);
        position = step.version;
      });
      if (steps.length === 0) return { position, common };
    }
  }

  /** Reads everything the store has, some at a time. Takes a reference to each alias while it lasts. */
  async #compareAll(common: Version): Promise<void> {
    const { registrations: key } = this.#keys;
    const seen = new Set<string>();
    let cursor = '0';
    do {
      await this.#breathe();
      const [next, entries] = await this.#link.run((client) => client.hscan(key, cursor, 'COUNT', SCAN));
      for (let at = 0; at < entries.length; at += 2) {
        const alias = entries[at] ?? '';
        seen.add(alias);
        this.#registrations.compare(alias, entries[at + 1] ?? '');
      }
      cursor = next;
    } while (cursor !== '0');
    await this.#registrations.compareAbsent(seen, common);
  }
}

/** Where it is, without who we are. */
export function describe({ servers }: RedisConnection): string {
  switch (servers.kind) {
    case 'single':
      return `${servers.host}:${servers.port}`;
    case 'sentinel':
      return `${servers.name} by Sentinel at ${servers.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
    case 'cluster':
      return `Cluster at ${servers.nodes.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
  }
}
