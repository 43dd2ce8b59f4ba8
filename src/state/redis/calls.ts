import type { Clock } from '../../clock.js';
import type { CallId } from '../../gatekeeper/calls/call.js';
import type { CallName, CallPlace, CallStore, StoredCall, TakenCall } from '../call-store.js';
import type { HintStore } from '../member-store.js';
import type { CallLease } from '../store.js';
import type { Keys } from './keys.js';
import { type Beat, SharedLease, type SharedLicences } from './licences.js';
import { AwayError, type Link } from './link.js';
import { Outbox } from './outbox.js';
import { CALL_SCHEMA, callJson, ownerOf, readTaken, restOf } from './stored-call-value.js';

export interface CallsOptions {
  readonly owner: string;
  /** Its name in the configuration: an earlier run of it that is silent is dead. */
  readonly instance: string;
  readonly link: Link;
  readonly keys: Keys;
  readonly licences: SharedLicences;
  readonly clock: Clock;
  /** By which an owner hears that the parties have ended its call. */
  readonly hints: HintStore;
  /** An owner that was not heard of for so long is dead, and all its calls go over to others. */
  readonly deadMs: number;
  /** An owner that was not heard of for so long loses a call that is asked for. */
  readonly silentMs: number;
  /** Whether others are there to take calls. */
  readonly hasHeirs: () => boolean;
}

interface Own {
  call: StoredCall;
  lease: SharedLease | undefined;
  /** Others may know of it. */
  told: boolean;
}

/** A call that ended here for good. */
interface Ended {
  readonly name: string;
  readonly at: number;
}

interface Ending {
  readonly name: string;
  readonly action: 'end' | 'ended';
  /** When it was told for the first time, with `ended`. */
  readonly at: number | undefined;
  readonly decided: (isOurs: boolean | undefined) => void;
  readonly promise: Promise<boolean | undefined>;
}

/** In one message: a script must end soon. */
const BATCH = 200;
const SWEEP_BATCH = 100;
/** Whoever comes back after this long and finds a call of its own in its journal writes a second record. */
const REMEMBERED_MS = 30 * 24 * 3600 * 1000;
const PRUNE = 1000;
/** Ends that a master lost which was replaced by its replica, are told again: those of so long ago. */
const ENDED_MS = 60_000;
const MAX_ENDED = 50_000;
/** Ends of others' calls that wait for Redis. */
const MAX_OVER = 10_000;
const OVER = 'over';
const HANDED_OVER = '/handed-over';

/** Calls of all instances on Redis. What is said of them here is true of those that others may know of; the store alone decides whose they are. */
export class SharedCalls implements CallStore {
  readonly #options: CallsOptions;
  readonly #own = new Map<CallId, Own>();
  readonly #news = new Set<CallId>();
  readonly #ending = new Map<CallId, Ending>();
  /** Calls that go on here, though another instance has written their record. */
  readonly #recorded = new Set<CallId>();
  /** The latest that ended here, oldest first. */
  readonly #ended = new Map<CallId, Ended>();
  /** Others' calls that are over, for when Redis is back. */
  readonly #over = new Set<CallId>();
  readonly #outbox = new Outbox(() => this.#send());
  #onTaken: ((call: TakenCall) => void) | undefined;
  #onLost: ((id: CallId, recorded: boolean) => void) | undefined;
  #onOver: ((id: CallId) => void) | undefined;
  #away = true;
  #sweeping = false;
  #leaving = false;
  /** Until then nothing is taken from others: who was away cannot tell whether they are dead or as late as itself. */
  #quietUntil = 0;
  #wasThere = false;

  constructor(options: CallsOptions) {
    this.#options = options;
    options.hints.on(OVER, (id) => {
      if (this.#own.has(id)) this.#onOver?.(id);
    });
  }

  put(call: StoredCall, lease: CallLease | undefined): void {
    const { id } = call.begun;
    if (this.#recorded.has(id)) return;
    const shared = lease instanceof SharedLease ? lease : undefined;
    const own = this.#own.get(id);
    if (own) {
      own.call = call;
      own.lease = shared;
    } else this.#own.set(id, { call, lease: shared, told: false });
    this.#news.add(id);
    this.#outbox.soon();
  }

  end(id: CallId): Promise<boolean | undefined> {
    if (this.#recorded.delete(id)) return Promise.resolve(false);
    const own = this.#own.get(id);
    this.#own.delete(id);
    this.#news.delete(id);
    if (!own?.told) return Promise.resolve(true);
    const ending = endingOf(own.call.begun.signallingId, 'end', undefined);
    this.#ending.set(id, ending);
    this.#outbox.soon();
    return ending.promise;
  }

  async find(name: CallName): Promise<CallPlace | 'away' | undefined> {
    if (this.#away) return 'away';
    try {
      return await this.#find(name);
    } catch (error) {
      if (error instanceof AwayError) return 'away';
      throw error;
    }
  }

  over(id: CallId): void {
    if (!this.#away) this.#options.hints.tell(OVER, id);
    else if (this.#over.size < MAX_OVER) this.#over.add(id);
  }

  onOver(listener: (id: CallId) => void): void {
    this.#onOver = listener;
  }

  async settle(open: readonly CallId[], ended: readonly CallId[]): Promise<ReadonlySet<CallId>> {
    const { link, keys, instance } = this.#options;
    const ours = new Set<CallId>();
    const asked = [...open.map((id) => ['open', id] as const), ...ended.map((id) => ['ended', id] as const)];
    for (const some of slices(asked, BATCH)) {
      const replies = await link.run((client) =>
        client.settleCalls(keys.calls, keys.callNames, keys.recorded, keys.recordedAt, `${instance}/`, ...some.flat()),
      );
      for (const [at, isOurs] of (replies as number[]).entries()) if (isOurs === 1) ours.add(some[at]?.[1] ?? '');
    }
    return ours;
  }

  onTaken(listener: (call: TakenCall) => void): void {
    this.#onTaken = listener;
  }

  onLost(listener: (id: CallId, recorded: boolean) => void): void {
    this.#onLost = listener;
  }

  async handOver(): Promise<number> {
    this.#leaving = true;
    if (this.#away || !this.#options.hasHeirs()) return 0;
    try {
      await this.#outbox.flush();
      let gone = 0;
      const ids = [...this.#own].filter(([, { call, told }]) => told && call.dialog !== undefined).map(([id]) => id);
      for (const some of slices(ids, BATCH)) gone += await this.#handOver(some);
      return gone;
    } catch (error) {
      // Whoever has them by now, `reconcile` finds it out.
      if (error instanceof AwayError) return 0;
      throw error;
    }
  }

  /** Redis is away: nothing is said, and nothing asked. */
  goAway(): void {
    this.#away = true;
  }

  /** Redis is back, and `reconcile` has been through: what happened meanwhile is told. */
  comeBack(): void {
    this.#away = false;
    if (this.#wasThere) this.#quietUntil = this.#options.clock.now() + this.#options.deadMs;
    this.#wasThere = true;
    for (const id of this.#over) this.#options.hints.tell(OVER, id);
    this.#over.clear();
    this.#outbox.soon();
  }

  /**
   * Which calls does the store say are this instance's? Others are lost; those that it has forgotten are told anew; those that are not known
   * here came over in an answer that never arrived. Rejects when Redis is away.
   */
  async reconcile(): Promise<void> {
    const { link, keys, owner } = this.#options;
    const told = [...this.#own].filter(([, own]) => own.told).map(([id]) => id);
    for (const some of slices(told, BATCH)) {
      const values = await link.run((client) => client.hmget(keys.calls, ...some));
      const recorders = await link.run((client) => client.hmget(keys.recorded, ...some));
      for (const [at, id] of some.entries()) {
        const value = values[at];
        const recorder = recorders[at];
        if (value && ownerOf(value) !== owner) this.#lose(id, false);
        else if (!value && recorder && recorder !== owner) this.#lose(id, true);
        else if (!value && this.#own.has(id)) this.#news.add(id);
      }
    }
    this.#endAgain();
    const stored = await link.run((client) => client.smembers(keys.callsOf(owner)));
    const unknown = stored.filter((id) => !this.#own.has(id) && !this.#ending.has(id));
    for (const some of slices(unknown, BATCH)) {
      const values = await link.run((client) => client.hmget(keys.calls, ...some));
      for (const [at, id] of some.entries()) {
        const value = values[at];
        if (value && ownerOf(value) === owner && !this.#own.has(id) && !this.#ending.has(id)) this.#take(id, restOf(value));
      }
    }
    this.#outbox.soon();
  }

  /** Takes calls of owners that are dead, by what `beat` said, and buries them. Rejects when Redis is away. */
  async sweep({ now, deadFrom }: Beat): Promise<void> {
    if (this.#sweeping || this.#away || this.#leaving) return;
    const { owner, instance, deadMs, silentMs, licences } = this.#options;
    this.#sweeping = true;
    try {
      for (const [other, time] of deadFrom) {
        if (other === owner) continue;
        // Two runs of one instance do not live at the same time; who gives no sign has made room for the other.
        const forMs = other.startsWith(`${instance}/`) ? silentMs - deadMs : 0;
        if (time + forMs > now) continue;
        while (this.#mayTake(other) && (await this.#takeFrom(other, forMs)) > 0);
        if (!this.#mayJudge(other)) continue;
        await licences.bury(other, forMs);
      }
    } finally {
      this.#sweeping = false;
    }
  }

  /** Forgets who wrote records long ago. Rejects when Redis is away. */
  async prune(now: number): Promise<void> {
    const { link, keys } = this.#options;
    const old = await link.run((client) => client.zrangebyscore(keys.recordedAt, '-inf', now - REMEMBERED_MS, 'LIMIT', 0, PRUNE));
    if (old.length === 0) return;
    await link.run((client) => client.hdel(keys.recorded, ...old));
    await link.run((client) => client.zrem(keys.recordedAt, ...old));
  }

  close(): void {
    this.#outbox.close();
    for (const { decided } of this.#ending.values()) decided(undefined);
    this.#ending.clear();
  }

  /** Sends what there is to say and waits for the answer: for an orderly stop. */
  flush(): Promise<void> {
    return this.#outbox.flush();
  }

  async #send(): Promise<boolean> {
    if (this.#away || this.#news.size + this.#ending.size === 0) return false;
    const { link, keys, owner, licences } = this.#options;
    const puts = first(this.#news, BATCH);
    // Ends wait here until they are answered; what is added to a Map meanwhile stands behind them.
    const ends = first(this.#ending.keys(), BATCH - puts.length);
    const args: (string | number)[] = [];
    for (const id of puts) {
      this.#news.delete(id);
      const own = this.#own.get(id);
      if (!own) continue;
      own.told = true;
      args.push('put', id, own.call.begun.signallingId, own.lease?.licences ?? '', callJson(own.call));
    }
    for (const id of ends) {
      const ending = this.#ending.get(id);
      args.push(ending?.action ?? 'end', id, ending?.name ?? '', '', '');
    }
    const all = [keys.calls, keys.callsOf(owner), keys.callNames, keys.recorded, keys.recordedAt, keys.held(owner)];
    let replies: number[];
    try {
      replies = (await link.run((client) => client.writeCalls(...all, owner, licences.term, CALL_SCHEMA, ...args))) as number[];
      if (replies[0] === -1) await licences.settle();
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      for (const id of puts) if (this.#own.has(id)) this.#news.add(id);
      return false;
    }
    if (replies[0] === -1) {
      for (const id of puts) if (this.#own.has(id)) this.#news.add(id);
      return true;
    }
    for (let at = 0; at < replies.length; at++) {
      const id = String(args[5 * at + 1]);
      if (args[5 * at] !== 'put') this.#decide(id, replies[at] === 1);
      else if (replies[at] !== 1) this.#lose(id, replies[at] === 2);
    }
    return this.#news.size + this.#ending.size > 0;
  }

  #decide(id: CallId, isOurs: boolean): void {
    const ending = this.#ending.get(id);
    if (!ending) return;
    this.#ending.delete(id);
    ending.decided(isOurs);
    if (!isOurs) {
      if (ending.action === 'end') this.over(id);
      return;
    }
    this.#ended.delete(id);
    this.#ended.set(id, { name: ending.name, at: ending.at ?? this.#options.clock.now() });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** A master that was replaced may have taken the latest ends with it. */
  #endAgain(): void {
    const since = this.#options.clock.now() - ENDED_MS;
    for (const [id, { name, at }] of this.#ended) {
      this.#ended.delete(id);
      if (at >= since) this.#ending.set(id, endingOf(name, 'ended', at));
    }
  }

  #lose(id: CallId, recorded: boolean): void {
    const own = this.#own.get(id);
    if (!own) return;
    this.#own.delete(id);
    this.#news.delete(id);
    if (recorded) this.#recorded.add(id);
    else if (own.lease) this.#options.licences.forget(own.lease);
    this.#onLost?.(id, recorded);
  }

  #take(id: CallId, rest: string): void {
    const { call, licences } = readTaken(rest);
    const lease = this.#options.licences.adopt(licences);
    const ended = this.#ended.get(id);
    if (call && !ended) {
      this.#own.set(id, { call, lease, told: true });
      try {
        this.#onTaken?.({ ...call, lease });
        return;
      } catch {
        // What was stored makes no call. The others that came with it must not suffer for it.
        this.#own.delete(id);
        this.#news.delete(id);
      }
    }
    // Its record is written already; or nobody can make one of it.
    void lease.release();
    this.#ending.set(id, endingOf(ended?.name ?? '', 'ended', ended?.at));
    this.#outbox.soon();
  }

  /** Whether it is known here who is dead. */
  #mayJudge(other: string): boolean {
    if (this.#away || this.#leaving) return false;
    return other.endsWith(HANDED_OVER) || this.#options.clock.now() >= this.#quietUntil;
  }

  #mayTake(other: string): boolean {
    return this.#onTaken !== undefined && this.#mayJudge(other);
  }

  async #find({ id, signallingId, take = true }: CallName): Promise<CallPlace | undefined> {
    const { link, keys, owner, deadMs, silentMs } = this.#options;
    const named = async () => (await link.run((client) => client.hget(keys.callNames, signallingId))) ?? undefined;
    let call = id ?? (await named());
    let value = call === undefined ? null : await link.run((client) => client.hget(keys.calls, call ?? ''));
    if (!value && id !== undefined) {
      call = await named();
      value = call === undefined ? null : await link.run((client) => client.hget(keys.calls, call ?? ''));
    }
    if (call === undefined || !value) return undefined;
    const there = ownerOf(value);
    if (there === owner) return this.#own.has(call) ? { at: 'here', id: call } : undefined;
    if (take && this.#mayTake(there)) await this.#takeFrom(there, silentMs - deadMs, call);
    if (this.#own.has(call)) return { at: 'here', id: call };
    const stored = readTaken(restOf(value)).call;
    return stored && { at: 'there', id: call, owner: there, call: stored };
  }

  /** How many came. */
  async #takeFrom(other: string, forMs: number, ...calls: CallId[]): Promise<number> {
    const { link, keys, owner, licences } = this.#options;
    const args = [
      keys.licences,
      keys.calls,
      keys.callsOf(other),
      keys.callsOf(owner),
      keys.held(other),
      keys.held(owner),
      keys.instances,
      other,
      owner,
      licences.term,
      forMs,
      CALL_SCHEMA,
      SWEEP_BATCH,
      ...calls,
    ];
    const [code, ...taken] = (await link.run((client) => client.takeCalls(...args))) as [number, ...string[]];
    if (code === -1) await licences.settle();
    if (code !== 1) return 0;
    for (let at = 0; at < taken.length; at += 2) this.#take(taken[at] ?? '', taken[at + 1] ?? '');
    return taken.length / 2;
  }

  async #handOver(ids: readonly CallId[]): Promise<number> {
    const { link, keys, owner, licences } = this.#options;
    const heir = `${owner}${HANDED_OVER}`;
    const keysAndHeir = [
      keys.licences,
      keys.calls,
      keys.callsOf(owner),
      keys.callsOf(heir),
      keys.held(owner),
      keys.held(heir),
      keys.instances,
      owner,
    ];
    const send = () => link.run((client) => client.handOverCalls(...keysAndHeir, licences.term, heir, ...ids));
    let gone = (await send()) as (string | number)[];
    if (gone[0] === -1) {
      await licences.settle();
      gone = (await send()) as (string | number)[];
    }
    if (gone[0] === -1) return 0;
    for (const id of gone) this.#lose(String(id), false);
    return gone.length;
  }
}

function endingOf(name: string, action: Ending['action'], at: number | undefined): Ending {
  let decided: Ending['decided'] = () => undefined;
  const promise = new Promise<boolean | undefined>((resolve) => {
    decided = resolve;
  });
  return { name, action, at, decided, promise };
}

function first<T>(items: Iterable<T>, count: number): T[] {
  const result: T[] = [];
  for (const item of items) {
    if (result.length >= count) break;
    result.push(item);
  }
  return result;
}

function* slices<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
