import type { Direction, RoomCodec, RoomLineId, RoomLineOptions, RoomLineRemote } from '../../media/media.js';

/** One media line of a session, in the order of its description: what is off keeps its place (RFC 3264 §6, §8.2). */
export interface Slot {
  /** As the other side wrote it: `audio`, `video`, `application`, … */
  readonly kind: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** `a=mid` (RFC 5888). */
  readonly mid: string | undefined;
  /** Absent: port 0. */
  readonly line: Line | undefined;
}

/** A media line that is in use. */
export interface Line {
  readonly id: RoomLineId;
  readonly options: RoomLineOptions;
  /** Ours: `sendonly`, we send and the room system does not. */
  readonly direction: Direction;
  readonly codec: RoomCodec;
  /** Clock rate of its telephone events. */
  readonly dtmfRate: number;
  /** H.264: what we write as `profile-level-id`. */
  readonly profile: string | undefined;
  /** H.264: `level-asymmetry-allowed` was offered. */
  readonly levelAsymmetry: boolean;
  /** SDES: the tag of the chosen line. */
  readonly cryptoTag: number;
  /** DTLS: what we are (RFC 4145 §4.1, RFC 8842 §5.3). */
  readonly setup: 'active' | 'passive';
  /** `a=content` (RFC 4796), as offered. */
  readonly content: string | undefined;
  readonly remote: RoomLineRemote;
}

/** Whether the media plane can go on with what it has, but for the direction. */
export function sameMedia(a: Line, b: Line): boolean {
  const fixed = ({ id, options, codec, remote }: Line) => JSON.stringify([id, options, codec, { ...remote, direction: undefined }]);
  return fixed(a) === fixed(b);
}

const opposites: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** What the one end calls `sendonly` the other calls `recvonly` (RFC 3264 §6.1). */
export function opposite(direction: Direction): Direction {
  return opposites[direction];
}
