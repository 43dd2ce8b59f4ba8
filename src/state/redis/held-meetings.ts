import type { Clock, EpochMs, Timer } from '../../clock.js';
import { type MeetingHold, NOTE_BYTES } from '../meeting-store.js';
import type { HintStore, MemberId } from '../member-store.js';
import type { Keys } from './keys.js';
import { AwayError, type Link } from './link.js';
import { Outbox } from './outbox.js';

export interface HeldMeetingsOptions {
  readonly owner: MemberId;
  /** Its name in the configuration: an earlier run of it that is silent is dead. */
  readonly instance: string;
  readonly link: Link;
  readonly keys: Keys;
  readonly clock: Clock;
  /** By which others hear who holds what. */
  readonly hints: HintStore;
  readonly beatMs: number;
  /** A node that gave no sign of life for so long has no meetings any more. */
  readonly lifeMs: number;
  /** An earlier run of this instance, the same. */
  readonly silentMs: number;
  /** A fault of ours, or something in Redis that cannot be read. */
  readonly onFault: (error: unknown) => void;
}

interface Own {
  readonly hold: MeetingHold;
  note: string | undefined;
}

type HoldReply = readonly [code: number, owner?: string, since?: string];
type BeatReply = readonly [now: number, swept: string, nodes: string[], position: string, orphans: string[]];

const HELD = 'held';
/** Who holds what, for when Redis is away. */
const MAX_SEEN = 20_000;
const NOTES_KEPT_MS = 600_000;
/** Notes in one message: they may be long. */
const NOTES = 10;
/** So often in a row another dead node may be found in the way, or the meeting be let go meanwhile. */
const TRIES = 5;
/** Nobody has been dead for so long. */
const NOBODY_MS = 1e15;

/**
 * Which node holds which meeting, on Redis. A node has a sign of life of its own for this, quicker than the one that its calls and licences
 * go by: people wait in a meeting that has stopped.
 *
 * While Redis is away nothing is taken from anybody, and for as long as a life after it is back: who was away cannot tell whether the others
 * are dead or as late as itself.
 */
export class HeldMeetings {
  readonly #options: HeldMeetingsOptions;
  readonly #own = new Map<string, Own>();
  /** What others hold, as far as was heard. */
  readonly #seen = new Map<string, MeetingHold>();
  readonly #news = new Set<string>();
  /** Questions for a hold that are under way. `stale`: the meeting was let go meanwhile, and the answer may be from before that. */
  readonly #asked = new Set<{ readonly meeting: string; stale: boolean }>();
  readonly #outbox = new Outbox(() => this.#sendNotes());
  readonly #lostListeners = new Set<(meeting: string) => void>();
  readonly #orphanListeners = new Set<(meetings: readonly string[]) => void>();
  #away = true;
  #closed = false;
  #quietUntil: EpochMs = 0;
  /** Taken or let go here alone. */
  #changedAlone = false;
  #position = '';
  /** When others took this node for dead. */
  #swept = '';
  #timer: Timer | undefined;
  #beating: Promise<void> | undefined;

  constructor(options: HeldMeetingsOptions) {
    this.#options = options;
    options.hints.on(HELD, (text, member) => this.#heard(text, member));
  }

  async hold(meeting: string): Promise<MeetingHold> {
    const held = await this.#ask(() => this.#hold(meeting));
    if (held !== 'away' && held !== undefined) return held;
    const known = this.#own.get(meeting)?.hold ?? this.#seen.get(meeting);
    if (known) return known;
    this.#changedAlone = true;
    return this.#have({ meeting, member: this.#options.owner, since: this.#options.clock.now() });
  }

  async holder(meeting: string): Promise<MeetingHold | undefined> {
    const held = await this.#ask(() => this.#holder(meeting));
    return held === 'away' ? (this.#own.get(meeting)?.hold ?? this.#seen.get(meeting)) : held;
  }

  async letGo(meeting: string, note?: 'keepNote'): Promise<void> {
    if (!this.#own.delete(meeting)) return;
    for (const asked of this.#asked) if (asked.meeting === meeting) asked.stale = true;
    this.#news.delete(meeting);
    this.#changedAlone = this.#changedAlone || this.#away;
    const done = await this.#ask(() => this.#letGo(meeting, note));
    if (done === 'away') this.#changedAlone = true;
  }

  onLost(listener: (meeting: string) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  onOrphaned(listener: (meetings: readonly string[]) => void): () => void {
    this.#orphanListeners.add(listener);
    return () => this.#orphanListeners.delete(listener);
  }

  note(meeting: string, value: string): void {
    const own = this.#own.get(meeting);
    if (!own || value.length > NOTE_BYTES) return;
    own.note = value;
    this.#news.add(meeting);
    this.#outbox.soon();
  }

  async notes(meeting: string): Promise<string | undefined> {
    const { link, keys } = this.#options;
    const own = this.#own.get(meeting)?.note;
    if (own !== undefined) return own;
    const stored = await this.#ask(() => link.run((client) => client.hget(keys.meetingNotes, meeting)));
    return stored === 'away' || stored === null ? undefined : stored;
  }

  goAway(): void {
    this.#away = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Redis is there: from now on it says who holds what. Rejects when it is away again. */
  async comeBack(): Promise<void> {
    const { clock, lifeMs, beatMs, link, keys } = this.#options;
    this.#quietUntil = clock.now() + lifeMs + 2 * beatMs;
    const stored = await link.run((client) => client.hgetall(keys.meetingHolds));
    this.#seen.clear();
    for (const [meeting, value] of Object.entries(stored)) this.#see(holdIn(meeting, value));
    await this.#beat();
    do {
      this.#changedAlone = false;
      await this.reconcile();
    } while (this.#changedAlone);
    this.#away = false;
    for (const [meeting, { note }] of this.#own) if (note !== undefined) this.#news.add(meeting);
    this.#outbox.soon();
    this.#beatSoon();
  }

  /**
   * Which meetings are still this node's? Others took some if they thought it dead; what the store has forgotten it is told anew. Rejects when
   * Redis is away.
   */
  async reconcile(): Promise<void> {
    const { link, keys, owner, lifeMs } = this.#options;
    const held = [...this.#own.values()].flatMap(({ hold }) => [hold.meeting, hold.since]);
    const args = [keys.meetingHolds, keys.meetingNodes, keys.meetingNoteDeadlines, owner, lifeMs, this.#deadFor(''), ...held];
    const [lost, unknown] = (await link.run((client) => client.reholdMeetings(...args))) as [string[], string[]];
    for (const meeting of lost) this.#lose(meeting);
    for (const meeting of unknown) if (!this.#own.has(meeting)) await this.#letGo(meeting);
  }

  /** It is being closed: what is still held here is the others'. Rejects when Redis is away. */
  async leave(): Promise<void> {
    this.#stop();
    await this.#beating;
    await this.#outbox.flush();
    await this.#sweep(this.#options.owner, '');
  }

  close(): void {
    this.#stop();
    this.#outbox.close();
  }

  #stop(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Undefined: one dead node after the other was in the way, or it was let go each time, which cannot be. */
  async #hold(meeting: string): Promise<MeetingHold | undefined> {
    const { owner, clock, lifeMs } = this.#options;
    for (let tries = 0; tries < TRIES; tries++) {
      const asked = { meeting, stale: false };
      this.#asked.add(asked);
      const [code, member, since] = await this.#askFor(meeting, (forMs) => [clock.now(), lifeMs, forMs]).finally(() =>
        this.#asked.delete(asked),
      );
      if (asked.stale) continue;
      if (code === 0 && member !== undefined) {
        await this.#sweep(member, this.#deadFor(member));
        continue;
      }
      const hold = { meeting, member: member ?? owner, since: Number(since) };
      if (hold.member === owner) return this.#have(hold);
      this.#lose(meeting);
      this.#see(hold);
      return hold;
    }
    return undefined;
  }

  async #holder(meeting: string): Promise<MeetingHold | undefined> {
    const { clock, lifeMs } = this.#options;
    const [code, member, since] = await this.#askFor(meeting, (forMs) => [clock.now(), lifeMs, forMs, 'ask']);
    return code === 1 && member !== undefined ? { meeting, member, since: Number(since) } : undefined;
  }

  #askFor(meeting: string, more: (forMs: number) => readonly (string | number)[]): Promise<HoldReply> {
    const { link, keys, owner } = this.#options;
    const args = [keys.meetingHolds, keys.meetingNodes, keys.meetingNoteDeadlines, owner, meeting, ...more(this.#deadFor(''))];
    return link.run((client) => client.holdMeeting(...args)) as Promise<HoldReply>;
  }

  async #letGo(meeting: string, note?: 'keepNote'): Promise<void> {
    const { link, keys, owner, hints } = this.#options;
    const args = [keys.meetingHolds, keys.meetingNodes, keys.meetingNotes, keys.meetingNoteDeadlines, owner, meeting];
    if (note) args.push(String(NOTES_KEPT_MS));
    await link.run((client) => client.letGoMeeting(...args));
    hints.tell(HELD, `${meeting}\t`);
  }

  #have(hold: MeetingHold): MeetingHold {
    const own = this.#own.get(hold.meeting);
    if (own) return own.hold;
    this.#own.set(hold.meeting, { hold, note: undefined });
    this.#seen.delete(hold.meeting);
    this.#options.hints.tell(HELD, `${hold.meeting}\t${hold.since}`);
    return hold;
  }

  #lose(meeting: string): void {
    this.#news.delete(meeting);
    if (!this.#own.delete(meeting)) return;
    for (const listener of this.#lostListeners) listener(meeting);
  }

  #heard(text: string, member: MemberId): void {
    const [meeting = '', since = ''] = text.split('\t');
    if (since !== '') this.#see({ meeting, member, since: Number(since) });
    else if (this.#seen.get(meeting)?.member === member) this.#seen.delete(meeting);
  }

  #see(hold: MeetingHold): void {
    if (hold.member === this.#options.owner || this.#own.has(hold.meeting)) return;
    if (this.#seen.size < MAX_SEEN || this.#seen.has(hold.meeting)) this.#seen.set(hold.meeting, hold);
  }

  #beatSoon(): void {
    this.#timer?.cancel();
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(this.#options.beatMs, () => {
      // Whatever comes of it, the next one beats: a node that gives no sign of life loses all its meetings.
      this.#beating ??= this.#ask(() => this.#beat())
        .then(() => undefined, this.#options.onFault)
        .finally(() => {
          this.#beating = undefined;
        });
      this.#beatSoon();
    });
  }

  async #beat(): Promise<void> {
    const { link, keys, owner, lifeMs } = this.#options;
    const names = [keys.meetingNodes, keys.meetingSwept, keys.meetingOrphans, keys.meetingNotes, keys.meetingNoteDeadlines];
    const reply = await link.run((client) => client.meetingBeat(...names, owner, lifeMs, this.#position));
    const [now, swept, nodes, position, orphans] = reply as BeatReply;
    this.#position = position;
    if (swept !== this.#swept) {
      this.#swept = swept;
      await this.reconcile();
    }
    for (let at = 0; at < orphans.length; at += 2) this.#orphaned(orphans[at] ?? '', orphans[at + 1] ?? '[]');
    let found = false;
    for (let at = 0; at < nodes.length && !this.#closed; at += 2) {
      const node = nodes[at] ?? '';
      const forMs = this.#deadFor(node);
      if (node === owner || Number(nodes[at + 1]) + forMs > now) continue;
      found = (await this.#sweep(node, forMs)) > 0 || found;
    }
    // What was found is read like everybody's.
    if (found && !this.#closed) await this.#beat();
  }

  async #sweep(node: MemberId, forMs: number | ''): Promise<number> {
    const { link, keys } = this.#options;
    const names = [
      keys.licences,
      keys.held(node),
      keys.meetingNodes,
      keys.meetingHolds,
      keys.meetingSwept,
      keys.meetingOrphans,
      keys.meetingNotes,
      keys.meetingNoteDeadlines,
    ];
    return (await link.run((client) => client.sweepMeetings(...names, node, forMs, NOTES_KEPT_MS))) as number;
  }

  #orphaned(node: MemberId, json: string): void {
    if (node === this.#options.owner) return; // it hears by `onLost` what it lost
    const meetings: string[] = JSON.parse(json);
    for (const meeting of meetings) if (this.#seen.get(meeting)?.member === node) this.#seen.delete(meeting);
    for (const listener of this.#orphanListeners) listener(meetings);
  }

  /** How long a node must have been dead already: before that it may only be late, in ms. */
  #deadFor(node: MemberId): number {
    const { clock, instance, silentMs, lifeMs } = this.#options;
    if (this.#away || clock.now() < this.#quietUntil) return NOBODY_MS;
    return node.startsWith(`${instance}/`) ? silentMs - lifeMs : 0;
  }

  async #sendNotes(): Promise<boolean> {
    if (this.#away || this.#news.size === 0) return false;
    const { link, keys, owner } = this.#options;
    const args: string[] = [];
    for (const meeting of this.#news) {
      this.#news.delete(meeting);
      const note = this.#own.get(meeting)?.note;
      if (note !== undefined) args.push(meeting, note);
      if (args.length >= 2 * NOTES) break;
    }
    // When this fails, they are told when Redis is back.
    await this.#ask(() => link.run((client) => client.noteMeetings(keys.meetingHolds, keys.meetingNotes, owner, ...args)));
    return this.#news.size > 0;
  }

  async #ask<T>(question: () => Promise<T>): Promise<T | 'away'> {
    if (this.#away) return 'away';
    try {
      return await question();
    } catch (error) {
      if (error instanceof AwayError) return 'away';
      throw error;
    }
  }
}

function holdIn(meeting: string, value: string): MeetingHold {
  const at = value.indexOf('\t');
  return { meeting, member: value.slice(0, at), since: Number(value.slice(at + 1)) };
}
