import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { Call, Calls } from '../../gatekeeper/calls/call.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { OrganisationId, Plan } from '../../gatekeeper/plan/plan.js';
import type { PortLease } from '../../state/meeting-store.js';
import type { MemberId } from '../../state/member-store.js';
import type { StateStore } from '../../state/store.js';
import type { MediaEngine, MeetingId, ParticipantId, QualityReport } from '../media/media.js';
import { admit, type Comer, NOBODY, openNow } from './admission.js';
import { beginBrowserCall, endingOf } from './browser-call.js';
import { ADHOC_MS, Definitions } from './definitions.js';
import type { Dialer } from './dialer.js';
import { Doorkeeper, type Identified, refusalOf, sourceOf } from './doorkeeper.js';
import { HeldMeeting, type HeldMeetingHost, type MeetingNote } from './held-meeting.js';
import { Invitations } from './invitations.js';
import type { LinkKeys } from './link-keys.js';
import type { Arrival, JoinRefusal, JoinResult, LeaveReason, MeetingDefinition, Meetings } from './meeting.js';
import type { MeetingObserver } from './meeting-observer.js';
import { readNote } from './note.js';
import { chooseNode, type Place } from './place.js';
import { shownName } from './shown-name.js';

export interface MeetingServiceOptions {
  readonly store: Pick<StateStore, 'meetings' | 'licences' | 'members' | 'secret'>;
  /** The plan in force: asked anew at each join, so that a reload counts from the next on. */
  readonly plan: () => Plan;
  readonly engine: MediaEngine;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly observer: MeetingObserver;
  /** How much this node carries, as the others are told of it. Default: its participants. */
  readonly load?: () => number;
  /** Absent: nobody can be called in. A function, as it is made with the meetings. */
  readonly dialer?: () => Dialer | undefined;
}

interface Entry {
  readonly opening: Promise<HeldMeeting>;
  held: HeldMeeting | undefined;
  /** It is over; settles when it is let go. */
  closing: Promise<void> | undefined;
  /** Another node has it, since before it was open here. */
  lost: boolean;
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * The meetings of this node. Who wants to come in is asked for his PIN or link, judged by the meeting's rules, given a meeting port and a
 * seat; a meeting that nobody holds is taken from the shared store, or the comer sent to the node that has it.
 */
export class MeetingService implements Meetings {
  readonly definitions: Definitions;
  readonly #options: MeetingServiceOptions;
  readonly #door: Doorkeeper;
  readonly #host: HeldMeetingHost;
  readonly #entries = new Map<MeetingId, Entry>();
  readonly #invitations: Invitations;
  readonly #unsubscribe: readonly (() => void)[];
  /** What is still being closed. */
  readonly #closing = new Set<Promise<void>>();
  #draining = false;
  #closed = false;

  constructor(options: MeetingServiceOptions) {
    this.#options = options;
    const { store, plan, clock, observer } = options;
    this.definitions = new Definitions(plan, store.meetings);
    this.#door = new Doorkeeper(store, clock);
    this.#invitations = new Invitations(options.dialer ?? (() => undefined), observer, clock);
    this.#host = {
      clock,
      judge: (meeting, participant, pin) => this.#judgeKeypad(meeting, participant, pin),
      invite: (meeting, address) => Promise.resolve(this.#invitations.invite(meeting, address)),
      quality: (meeting, reports) => this.#quality(meeting, reports),
      mediaLost: (meeting, legs) => observer.mediaLost(meeting.definition, legs),
      note: (meeting, value) => store.meetings.note(meeting.id, value),
      over: (meeting) => this.#over(meeting),
      problem: (error, text) => observer.problem(error, text),
    };
    this.#unsubscribe = [
      store.meetings.onLost((meeting) => this.#lost(meeting)),
      store.meetings.onOrphaned((meetings) => {
        this.#adopt(meetings).catch((error: unknown) => observer.problem(error, 'The meetings of a lost node could not be taken over'));
      }),
    ];
  }

  get links(): LinkKeys {
    return this.#door.links;
  }

  /** Those that are held here now. */
  *held(): Iterable<HeldMeeting> {
    for (const { held } of this.#entries.values()) if (held) yield held;
  }

  heldHere(meeting: MeetingId): HeldMeeting | undefined {
    return this.#entries.get(meeting)?.held;
  }

  /** The same; where it is being opened, when it is open. Undefined: neither, or it could not be opened. */
  async opening(meeting: MeetingId): Promise<HeldMeeting | undefined> {
    const held = await this.#entries.get(meeting)?.opening.catch(() => undefined);
    return held?.over ? undefined : held;
  }

  /** Participants of all meetings held here, those that wait too: this node's load. */
  get legs(): number {
    let legs = 0;
    for (const held of this.held()) legs += held.attendance.present;
    return legs;
  }

  find(meeting: string): Promise<MeetingDefinition | undefined> {
    return this.definitions.find(meeting);
  }

  /** Where a call to it is to go. For the gatekeeper. */
  async place(meeting: string): Promise<Place | { readonly refusal: RefusalCode }> {
    const definition = await this.definitions.find(meeting);
    if (!definition) return { refusal: 'meetingUnknown' };
    const member = await this.#placeOf(definition);
    const { organisation } = definition;
    return member === undefined ? { at: 'here', organisation } : { at: 'there', member, organisation };
  }

  /** To whom a call out of a meeting is charged; undefined: it is not held here. */
  organisationOf(meeting: MeetingId): OrganisationId | undefined {
    return this.heldHere(meeting)?.definition.organisation;
  }

  async join(meeting: string, arrival: Arrival): Promise<JoinResult> {
    const result = await this.#join(meeting, arrival);
    if (!result.ok && !result.pinNeeded && !result.elsewhere) this.#options.observer.refused(meeting, arrival.kind, result.refusal);
    return result;
  }

  /** New meetings begin at other nodes from now on. */
  drain(): void {
    this.#draining = true;
  }

  /** Everybody is out, with the reason `stopped`; licences and records are given back, media closed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await Promise.allSettled([...this.#entries.values()].map(({ opening }) => opening));
    for (const held of [...this.held()]) held.apply({ type: 'ended', reason: 'stopped' });
    await Promise.allSettled(this.#closing);
  }

  async #join(meeting: string, arrival: Arrival): Promise<JoinResult> {
    const { clock, store } = this.#options;
    const definition = await this.#findOpen(meeting);
    if (!definition) return refusal('meetingUnknown');
    // A room system has been led here by `place`, of this node or another; a page may have come to any.
    const there = await this.#placeOf(definition, arrival.kind === 'room');
    if (there !== undefined) return this.#elsewhere(there);
    const closed = openNow(definition, clock.now());
    if (closed) return refusal(closed);
    const hasExpelled = (source: string) => this.heldHere(definition.id)?.hasExpelled(source) ?? false;
    const who = await this.#door.identify(definition, arrival, hasExpelled);
    if (!who.ok) return who;
    // Before anything is taken or opened for him.
    const early = admit(definition, presumed(who), this.heldHere(definition.id)?.attendance ?? NOBODY);
    if (early) return refusal(early);
    const hold = await store.meetings.hold(definition.id);
    if (hold.member !== store.members.self) return this.#elsewhere(hold.member);
    if (this.#closed) return refusal('instanceStopping');
    return this.#sitDown(definition, arrival, who);
  }

  async #sitDown(definition: MeetingDefinition, arrival: Arrival, who: Identified): Promise<JoinResult> {
    const participant: ParticipantId = randomBytes(12).toString('base64url');
    const call = arrival.kind === 'browser' ? beginBrowserCall(this.#options.calls, definition, participant) : undefined;
    let lease: PortLease | undefined;
    const refuse = (code: RefusalCode): JoinRefusal => {
      this.#giveBack(lease);
      call?.end(code);
      return refusal(code);
    };
    try {
      const taken = await this.#takePort(definition.organisation);
      if (!taken.ok) return refuse('portLicencesExhausted');
      lease = taken.lease;
      let held = await this.#open(definition);
      if (held.over && !this.#closed) {
        const anew = await this.#openAnother(definition);
        if (typeof anew === 'string') return refuse(anew);
        held = anew;
      }
      if (held.over || this.#closed) return refuse(this.#closed ? 'instanceStopping' : 'mediaUnavailable');
      // Others came while we waited.
      const late = admit(held.definition, presumed(who), held.attendance);
      if (late) return refuse(late);
      return { ok: true, seat: this.#seat(held, participant, arrival, who, { call, lease }) };
    } catch (error) {
      this.#options.observer.problem(error, 'Nobody can be let into a meeting: its media could not be opened');
      return refuse('mediaUnavailable');
    }
  }

  /** As it stands once one of that name that just ended has been let go: it may begin anew, or its number be another's. */
  async #findOpen(meeting: string): Promise<MeetingDefinition | undefined> {
    const definition = await this.definitions.find(meeting);
    const closing = definition && this.#entries.get(definition.id)?.closing;
    if (!closing) return definition;
    await closing;
    return this.definitions.find(meeting);
  }

  /** It ended in the very moment that somebody came: it begins anew for him. */
  async #openAnother(definition: MeetingDefinition): Promise<HeldMeeting | RefusalCode> {
    const again = await this.#findOpen(definition.id);
    // Whom he has shown his PIN or link to is no more.
    if (!again || again.linkSeed !== definition.linkSeed) return 'meetingUnknown';
    const { store } = this.#options;
    const hold = await store.meetings.hold(definition.id);
    return hold.member === store.members.self ? this.#open(again) : 'mediaUnavailable';
  }

  #seat(
    held: HeldMeeting,
    participant: ParticipantId,
    arrival: Arrival,
    { comer, keypad }: Identified,
    { call, lease }: { readonly call: Call | undefined; readonly lease: PortLease },
  ) {
    const { observer } = this.#options;
    const { definition } = held;
    const { kind, name } = arrival;
    const organisation = kind === 'room' ? arrival.organisation : definition.organisation;
    const left = (reason: LeaveReason) => {
      this.#giveBack(lease);
      call?.end(endingOf(reason));
      observer.left(definition, kind, participant, reason);
    };
    const seat = held.seat(
      {
        type: 'arrived',
        participant,
        comer,
        name: shownName(name) || (kind === 'room' ? arrival.alias : ''),
        address: kind === 'room' ? arrival.alias : undefined,
        organisation: kind === 'room' ? this.#nameOf(arrival.organisation) : undefined,
        keypad,
      },
      { left, organisation, kind, source: sourceOf(arrival) },
    );
    if (call) {
      // DTLS-SRTP (RFC 5764) is all that a browser can do; who waits is not answered yet.
      if (seat.where === 'in') call.answered('DTLS-SRTP');
      else seat.onChange((where) => where === 'in' && call.answered('DTLS-SRTP'));
    }
    observer.joined(definition, kind, participant, organisation);
    return seat;
  }

  #judgeKeypad(held: HeldMeeting, participant: ParticipantId, pin: string): void {
    const { observer } = this.#options;
    const judged = async () => {
      const verdict = await this.#door.judge(held.definition, held.sourceOf(participant) ?? participant, pin);
      held.apply({ type: 'pinJudged', participant, role: verdict.ok ? verdict.role : undefined });
      if (!verdict.ok) observer.refused(held.id, 'room', refusalOf(verdict));
    };
    judged().catch((error: unknown) => observer.problem(error, 'A PIN could not be judged'));
  }

  /** The node that has the meeting, or ought to; undefined: this one. */
  async #placeOf(definition: MeetingDefinition, arrived = false): Promise<MemberId | undefined> {
    const { id } = definition;
    if (this.#entries.has(id)) return undefined;
    const { load, store } = this.#options;
    const { members, meetings } = store;
    const holder = await meetings.holder(id);
    if (!holder) {
      // Who is here already was sent here, by a node that has chosen: not on, and back.
      if (arrived) return undefined;
      const place = chooseNode({ load: load?.() ?? this.legs, draining: this.#draining }, members.others());
      return place === 'here' ? undefined : place;
    }
    if (holder.member === members.self) return undefined;
    // Is it alive? Only taking the meeting tells: nobody is to be sent to a node that died a second ago.
    const hold = await meetings.hold(id);
    if (hold.member !== members.self) return hold.member;
    // Opened at once: its room systems wait to be called back, and where nobody comes after all it is let go again.
    this.#open(definition).catch((error: unknown) => this.#options.observer.problem(error, "A lost node's meeting could not be opened"));
    return undefined;
  }

  #elsewhere(member: MemberId): JoinRefusal {
    const url = this.#options.store.members.others().find(({ id }) => id === member)?.bridge?.web;
    return { ok: false, refusal: 'meetingElsewhere', elsewhere: { member, url } };
  }

  /** Its media on this node; the meeting is taken already. One at a time opens it. */
  #open(definition: MeetingDefinition): Promise<HeldMeeting> {
    const known = this.#entries.get(definition.id);
    if (known) return known.opening;
    const entry: Entry = { opening: this.#openAnew(definition), held: undefined, closing: undefined, lost: false };
    this.#entries.set(definition.id, entry);
    entry.opening.then(
      (held) => {
        if (held.over) return;
        entry.held = held;
        this.#keep(held);
        this.#options.observer.began(definition);
        if (entry.lost) held.apply({ type: 'ended', reason: 'lost' });
      },
      // Who opens it another time is to know what its last node left of it.
      () => this.#forget(definition.id, entry, 'keepNote'),
    );
    return entry.opening;
  }

  async #openAnew(definition: MeetingDefinition): Promise<HeldMeeting> {
    const { store, engine } = this.#options;
    // Where the node that held it was lost, this is what it left.
    const note = readNote(await store.meetings.notes(definition.id));
    const held = await HeldMeeting.open(definition, engine, this.#host, note);
    if (note && note.rooms.length > 0) this.#invitations.callBack(held, note.rooms);
    return held;
  }

  /** An ad hoc meeting is not forgotten while it is held: others may join it as long as it goes on. */
  #keep(held: HeldMeeting): void {
    const { clock, observer } = this.#options;
    if (held.definition.kind !== 'adhoc' || held.over || this.#closed) return;
    this.definitions.extend(held.definition, clock.now()).catch((error: unknown) => {
      observer.problem(error, 'A meeting that goes on may be forgotten: its definition could not be stored anew');
    });
    held.whileHeld = clock.after(ADHOC_MS / 2, () => this.#keep(held));
  }

  /** This node was thought dead, and another took the meeting: whoever is in it here goes there. */
  #lost(meeting: MeetingId): void {
    const entry = this.#entries.get(meeting);
    if (!entry) return;
    entry.lost = true;
    entry.held?.apply({ type: 'ended', reason: 'lost' });
  }

  #over(held: HeldMeeting): void {
    const { store, observer } = this.#options;
    const entry = this.#entries.get(held.id);
    const done = async () => {
      // The router first: when the meeting is taken again, here or elsewhere, nothing of the old one may be left.
      await held.media.close();
      // Where nobody has been in it yet, it is still to come.
      const took = held.startedAt !== undefined && held.ended !== 'lost' && held.ended !== 'stopped';
      if (held.definition.kind === 'adhoc' && took) await store.meetings.remove(held.id);
    };
    observer.ended(held.definition);
    held.whileHeld?.cancel();
    const closing = done()
      .catch((error: unknown) => observer.problem(error, 'The media of a meeting that is over could not be closed'))
      .then(() => (entry ? this.#forget(held.id, entry) : undefined));
    if (entry) {
      entry.held = undefined;
      entry.closing = closing;
    }
    this.#track(closing);
  }

  async #forget(meeting: MeetingId, entry: Entry, note?: 'keepNote'): Promise<void> {
    if (this.#entries.get(meeting) !== entry) return;
    this.#entries.delete(meeting);
    await this.#options.store.meetings.letGo(meeting, note).catch((error: unknown) => {
      this.#options.observer.problem(error, 'A meeting that is over could not be let go');
    });
  }

  /** The meetings of a node that died: those with room systems in them, which cannot come by themselves. Pages do. */
  async #adopt(meetings: readonly MeetingId[]): Promise<void> {
    const { observer } = this.#options;
    for (const meeting of meetings) {
      if (this.#closed || this.#draining) return;
      // One that cannot be opened must not keep the others from it.
      await this.#adoptOne(meeting).catch((error: unknown) => observer.problem(error, "A lost node's meeting could not be opened"));
    }
  }

  async #adoptOne(meeting: MeetingId): Promise<void> {
    const { store } = this.#options;
    const note: MeetingNote | undefined = readNote(await store.meetings.notes(meeting));
    const definition = note && note.rooms.length > 0 ? await this.definitions.find(meeting) : undefined;
    if (!definition || this.#entries.has(meeting)) return;
    const hold = await store.meetings.hold(meeting);
    if (hold.member === store.members.self) await this.#open(definition);
  }

  #takePort(organisation: OrganisationId) {
    const { organisations, licences } = this.#options.plan();
    const owner = organisations.get(organisation);
    // An organisation that a reload took out of the plan has nothing left to give.
    const limit = owner ? (owner.licences.meetingPorts ?? UNLIMITED) : 0;
    return this.#options.store.licences.takePort({ organisation: { id: organisation, limit }, total: licences.meetingPorts ?? UNLIMITED });
  }

  #giveBack(lease: PortLease | undefined): void {
    // A store that is away gives it back by itself when the lease runs out.
    const released = lease?.release();
    if (released) this.#track(released.catch(() => undefined));
  }

  #quality(held: HeldMeeting, reports: readonly QualityReport[]): void {
    for (const report of reports) this.#options.observer.quality(held.organisationOf(report.participant), report);
  }

  #nameOf(organisation: OrganisationId | undefined): string | undefined {
    return organisation === undefined ? undefined : (this.#options.plan().organisations.get(organisation)?.name ?? organisation);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#closing.delete(tracked));
    this.#closing.add(tracked);
  }
}

/** Who will say by keypad who he is may still be the host: he is judged again when he has said it. */
function presumed({ comer, keypad }: Identified): Comer {
  return keypad ? { ...comer, role: 'host', unproven: true } : comer;
}

function refusal(code: RefusalCode): JoinRefusal {
  return { ok: false, refusal: code };
}
