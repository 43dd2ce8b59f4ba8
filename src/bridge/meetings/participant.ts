import type { EpochMs } from '../../clock.js';
import type { ParticipantId, StreamInfo, StreamSource } from '../media/media.js';
import type { Comer } from './admission.js';
import { type Keypad, openKeypad } from './digits.js';
import type { ParticipantView, Role, Whereabouts } from './meeting.js';
import type { MeetingEvent } from './meeting-event.js';

/** One participant, as the state of its meeting knows it. */
export interface Participant {
  readonly id: ParticipantId;
  readonly name: string;
  readonly comer: Comer;
  readonly address: string | undefined;
  readonly organisation: string | undefined;
  role: Role;
  where: Exclude<Whereabouts, 'out'>;
  cipher: string;
  keypad: Keypad | undefined;
  /** A PIN of it is being judged: keys wait until that is over. */
  judging: boolean;
  readonly ownMuted: Set<StreamSource>;
  /** `holds`: it was muted alone, and cannot take that back. */
  readonly hostMuted: Map<StreamSource, 'holds' | 'withAll'>;
  /** When it came to the lobby, the last time. */
  waitingSince: EpochMs;
}

export function arrived(event: Extract<MeetingEvent, { type: 'arrived' }>, now: EpochMs): Participant {
  const { participant: id, comer, keypad, name, address, organisation } = event;
  return {
    id,
    name,
    comer,
    address,
    organisation,
    role: comer.role,
    where: keypad ? 'pin' : 'lobby',
    cipher: '',
    // A host may also say so in the lobby, by keypad.
    keypad: comer.kind === 'room' ? openKeypad(now) : undefined,
    judging: false,
    ownMuted: new Set(),
    hostMuted: new Map(),
    waitingSince: now,
  };
}

/** As the list shows it, with its own among the meeting's streams. */
export function viewOf(participant: Participant, all: Iterable<StreamInfo>): ParticipantView {
  const { id, name, comer, role, where, organisation, cipher, ownMuted, hostMuted } = participant;
  const streams: StreamInfo[] = [];
  for (const stream of all) if (stream.participant === id) streams.push(stream);
  return {
    id,
    name,
    kind: comer.kind,
    role,
    where: where === 'in' ? 'in' : 'lobby',
    organisation,
    cipher,
    muted: { self: ownMuted.has('microphone'), host: hostMuted.has('microphone') },
    streams,
  };
}
