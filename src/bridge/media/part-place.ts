import type { MemberId } from '../../state/member-store.js';
import type { PartApi, PartEvent } from './part-api.js';

/** What a part says by itself, and that it is no more: then nothing else is said, and what it is asked rejects. */
export interface PartListener {
  event(event: PartEvent): void;
  lost(): void;
}

/** Where parts can be made: a worker of this node, or another node. The same object as long as it lives. */
export interface PartPlace {
  readonly node: 'here' | MemberId;
  /** Legs there, a room system counted as two. */
  readonly load: number;
  /** Not open yet. Rejects with MediaError. */
  createPart(listener: PartListener): Promise<PartHandle>;
}

/** A part, wherever it is. */
export interface PartHandle {
  /** Of this run of this node, never used again. */
  readonly id: string;
  readonly node: 'here' | MemberId;
  /** On what it was made. */
  readonly place: PartPlace;
  readonly api: PartApi;
  /** Of its worker where that is known, else its own. */
  readonly load: number;
  /** How many legs it has now, and their load. */
  carry(legs: number, load: number): void;
  /** Closes the part; its listener hears nothing more. */
  close(): Promise<void>;
}

/** Load of one leg: a room system has media both ways through Node, and feeds of its own. */
export const loadOf = { room: 2, browser: 1 } as const;
