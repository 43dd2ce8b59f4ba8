import type { ParticipantSummary, StreamSummary } from '../../bridge/browser/protocol.js';
import type { State } from './state.js';

/** One picture on the stage. */
export interface Tile {
  /** Stable while the picture is the same, for the list of tiles. */
  readonly key: string;
  readonly participant: ParticipantSummary;
  readonly source: 'camera' | 'slides';
  /** Undefined: no picture is sent; the tile shows a face of initials. */
  readonly stream: string | undefined;
  readonly own: boolean;
}

export interface Stage {
  /** The picture that has most of the room; none in the grid, except slides. */
  readonly large: Tile | undefined;
  readonly small: readonly Tile[];
}

export const present = (state: State): readonly ParticipantSummary[] => state.participants.filter(({ where }) => where === 'in');
export const waiting = (state: State): readonly ParticipantSummary[] => state.participants.filter(({ where }) => where === 'lobby');

const streamOf = (participant: ParticipantSummary, source: StreamSummary['source']) =>
  participant.streams.find((stream) => stream.source === source)?.id;

function cameraTile(participant: ParticipantSummary, own: boolean): Tile {
  return { key: `${participant.id}/camera`, participant, source: 'camera', stream: streamOf(participant, 'camera'), own };
}

/** Who is where on the stage. Others come in order of arrival, oneself last. */
export function stage(state: State): Stage {
  const here = present(state);
  const others = here.filter(({ id }) => id !== state.me);
  const myself = here.find(({ id }) => id === state.me);
  const cameras = [...others.map((each) => cameraTile(each, false)), ...(myself ? [cameraTile(myself, true)] : [])];
  const presenter = others.find((each) => streamOf(each, 'slides') !== undefined);
  if (presenter) {
    const large: Tile = {
      key: `${presenter.id}/slides`,
      participant: presenter,
      source: 'slides',
      stream: streamOf(presenter, 'slides'),
      own: false,
    };
    return { large, small: speakerFirst(cameras, state.shown) };
  }
  if (state.view === 'grid') return { large: undefined, small: cameras };
  const large = cameras.find(({ participant }) => participant.id === state.shown) ?? cameras[0];
  return { large, small: cameras.filter((tile) => tile !== large) };
}

/** Beside slides there is room for few faces without scrolling: the speaker's should be one of them. */
function speakerFirst(tiles: readonly Tile[], speaker: string | undefined): readonly Tile[] {
  const first = tiles.find(({ participant, own }) => participant.id === speaker && !own);
  return first ? [first, ...tiles.filter((tile) => tile !== first)] : tiles;
}

/** The sound to play: of everybody else. The service sends that of the loudest only. */
export function soundsOf(state: State): readonly string[] {
  return present(state).flatMap((each) => {
    const stream = each.id === state.me ? undefined : streamOf(each, 'microphone');
    return stream === undefined ? [] : [stream];
  });
}

/** Every stream of the others, whatever it is. */
export const streamsOf = (state: State): readonly StreamSummary[] =>
  present(state).flatMap(({ id, streams }) => (id === state.me ? [] : streams));
