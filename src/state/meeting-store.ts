import type { EpochMs } from '../clock.js';
import type { OrganisationId } from '../gatekeeper/plan/plan.js';
import type { MemberId } from './member-store.js';
import type { LicenceRefusal, OrganisationLimit } from './store.js';

/** Longest note. */
export const NOTE_BYTES = 65_536;

/** One held meeting: which node has it. */
export interface MeetingHold {
  readonly meeting: string;
  readonly member: MemberId;
  readonly since: EpochMs;
}

/**
 * Meetings of all instances: those made through the API, and which node holds which. One node holds a meeting at a time.
 * In the memory store every meeting is held here.
 */
export interface MeetingStore {
  // ---- meetings made through the API (those of the plan are in the plan)

  /** False: there is one of this id already. `value`: JSON that the meeting service alone reads. Forgotten at `until`. */
  create(meeting: string, value: string, until: EpochMs): Promise<boolean | 'away'>;
  update(meeting: string, value: string, until: EpochMs): Promise<boolean | 'away'>;
  remove(meeting: string): Promise<boolean | 'away'>;
  /** Store away: from what this instance last knew. */
  read(meeting: string): Promise<string | undefined>;
  list(): Promise<readonly { readonly meeting: string; readonly value: string }[]>;

  // ---- who holds it

  /**
   * Takes the meeting for this node unless a living node has it; says who has it now. Atomic. What a node held that gave no sign of life for
   * 3 s is anybody's to take. Store away: whoever had it as far as this node knew, else taken for this node alone, until the store is back.
   */
  hold(meeting: string): Promise<MeetingHold>;
  /** Who has it, without taking it. Undefined: no living node. Store away: as far as this node knew. */
  holder(meeting: string): Promise<MeetingHold | undefined>;
  /**
   * It has ended, or was empty. Only what this node holds. `keepNote`: it could not be opened here, and what its last node noted of it stays
   * for ten minutes.
   */
  letGo(meeting: string, note?: 'keepNote'): Promise<void>;
  /** Called when this node no longer has a meeting that it held (it was thought dead, and another took it). Returns what takes the listener away. */
  onLost(listener: (meeting: string) => void): () => void;
  /** Called with the meetings of a node that died, on every living node, within 5 s of its last sign of life, once each node; whoever `hold`s one first has it. */
  onOrphaned(listener: (meetings: readonly string[]) => void): () => void;

  /**
   * What a new holder should know of the participants: JSON that the meeting service alone reads, at most `NOTE_BYTES` characters (a longer one
   * is not taken, and the one before stays). Sent with others a few milliseconds later; forgotten when it is let go, and ten minutes after its
   * holder died if nobody took the meeting. Of a meeting that is not held here it is ignored.
   */
  note(meeting: string, value: string): void;
  notes(meeting: string): Promise<string | undefined>;

  // ---- wrong PINs, so that trying elsewhere does not help

  /**
   * Adds one wrong try for this key (a meeting, or a meeting and a source) and gives how many there were within the last `windowMs`, 100 at
   * most. Store away: those that were tried here. One key has one window.
   */
  wrongPin(key: string, windowMs: number): Promise<WrongPinCount>;
  /** The same, without adding one. */
  wrongPins(key: string, windowMs: number): Promise<WrongPinCount>;
}

export interface WrongPinCount {
  readonly count: number;
  /** Time since the last of them, ms; 0 where there is none. */
  readonly sinceMs: number;
}

/** Meeting ports: one for each participant, of an organisation and of the total. Exact across instances, like call licences. */
export interface PortLicences {
  /**
   * Takes a port of the organisation whose meeting it is, and one of the total: both or none. `Infinity` is no limit. Store away: granted
   * within the share this instance was last given. The ports of an instance that died go back with its meetings, some 4 s after its last
   * sign of life.
   */
  takePort(request: PortRequest): Promise<PortLicenceResult>;
  /** Ports in use: of one organisation, or in total. At most one second stale; exact in the memory store. */
  portsInUse(organisation?: OrganisationId): number;
}

export interface PortRequest {
  readonly organisation: OrganisationLimit;
  readonly total: number;
}

export type PortLicenceResult = { readonly ok: true; readonly lease: PortLease } | LicenceRefusal;

export interface PortLease {
  /** Gives it back. A second call does nothing. */
  release(): Promise<void>;
}
