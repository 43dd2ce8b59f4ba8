import type { ParticipantId, RoomAudioCodec, StreamSource } from './media.js';
import { MediaError } from './media.js';
import type { PartHandle } from './part-place.js';

/** One participant's media, at the part where they stand. */
export interface Leg {
  readonly participant: ParticipantId;
  readonly kind: 'room' | 'browser';
  readonly part: PartHandle;
  /** Neither hears nor sees nor is heard. Room systems begin so; of browsers only those who are let in get here. */
  waiting: boolean;
  /** What the host has muted, whether it is open or not. */
  readonly muted: Set<StreamSource>;
  /** A room system's, once its line is connected. */
  sound: RoomAudioCodec | undefined;
  /** Pictures that it sends and knows neither PLI nor FIR for: its signalling is asked for whole ones (RFC 5168). */
  readonly bySignalling: Set<StreamSource>;
  /** Requests to its part that are not answered yet. */
  asking: number;
  /** It was closed, or what it stood on died. */
  gone: boolean;
}

/** Pages and room systems wait for answers after a few; what one has under way must never be all that a worker takes. */
const maxAsking = 64;

/** @throws MediaError `leg_gone` */
export function mustStand({ gone, participant }: Leg): void {
  if (gone) throw new MediaError('leg_gone', `The media of ${participant} are gone: it left, or its worker died`);
}

/**
 * Asks a part for something on a leg's behalf, within bounds.
 *
 * @throws MediaError `leg_gone`, `not_acceptable` when too much is under way for this leg
 */
export async function askFor<Result>(leg: Leg, ask: () => Promise<Result>): Promise<Result> {
  mustStand(leg);
  if (leg.asking >= maxAsking) {
    throw new MediaError('not_acceptable', `${leg.participant} asks for too much at a time: wait for answers after ${maxAsking}`);
  }
  leg.asking += 1;
  try {
    return await ask();
  } finally {
    leg.asking -= 1;
  }
}
