import type { News, ParticipantSummary } from '../../bridge/browser/protocol.js';
import type { LanguageCode } from '../language/texts.js';
import type { Quality } from './quality.js';
import { type Dialog, NOTICES_MAX, type Notice, type OutReason, type OwnDevice, type Problem, type Role, type State } from './state.js';

/** What can happen to the page. */
export type Action =
  | { readonly do: 'news'; readonly news: News }
  | { readonly do: 'language'; readonly language: LanguageCode }
  | { readonly do: 'joining'; readonly meeting: string }
  | { readonly do: 'joinFailed'; readonly problem: Problem }
  | {
      readonly do: 'joined';
      readonly participant: string;
      readonly where: 'lobby' | 'in';
      readonly role: Role;
      readonly title: string;
    }
  | { readonly do: 'connectionLost'; readonly attempt: number }
  | { readonly do: 'out'; readonly reason: OutReason }
  | { readonly do: 'backToJoin' }
  | { readonly do: 'view'; readonly view: 'grid' | 'speaker' }
  | { readonly do: 'panel'; readonly open: boolean }
  | { readonly do: 'dialog'; readonly dialog: Dialog }
  | { readonly do: 'device'; readonly kind: 'microphone' | 'camera'; readonly change: Partial<OwnDevice> }
  | { readonly do: 'speakers'; readonly change: Partial<State['devices']['speakers']> }
  | { readonly do: 'sharing'; readonly on: boolean }
  | { readonly do: 'quality'; readonly quality: Quality }
  | { readonly do: 'soundBlocked'; readonly blocked: boolean }
  | { readonly do: 'notice'; readonly notice: Notice }
  | { readonly do: 'noticeSeen'; readonly serial: number };

/** The page's next state. Pure: sends nothing, opens nothing; `session.ts` does. */
export function reduce(state: State, action: Action): State {
  switch (action.do) {
    case 'news':
      return reduceNews(state, action.news);
    case 'language':
      return { ...state, language: action.language };
    case 'joining':
      return { ...state, meeting: action.meeting, joining: { ...state.joining, busy: true, problem: undefined } };
    case 'joinFailed': {
      const { code } = action.problem;
      const pinNeeded = state.joining.pinNeeded || code === 'pinNeeded' || code === 'pinWrong' || code === 'pinLockedOut';
      return { ...state, joining: { busy: false, pinNeeded, problem: action.problem } };
    }
    case 'joined':
      return joined(state, action);
    case 'connectionLost':
      return { ...state, connection: { open: false, attempt: action.attempt } };
    case 'out':
      return goOut(state, action.reason);
    case 'backToJoin':
      return { ...state, screen: 'join', out: undefined, joining: { busy: false, pinNeeded: state.joining.pinNeeded, problem: undefined } };
    case 'view':
      return { ...state, view: action.view };
    case 'panel':
      return { ...state, panelOpen: action.open };
    case 'dialog':
      return { ...state, dialog: action.dialog };
    case 'device':
      return { ...state, devices: { ...state.devices, [action.kind]: { ...state.devices[action.kind], ...action.change } } };
    case 'speakers':
      return { ...state, devices: { ...state.devices, speakers: { ...state.devices.speakers, ...action.change } } };
    case 'sharing':
      return { ...state, sharing: action.on };
    case 'quality':
      return state.quality === action.quality ? state : { ...state, quality: action.quality };
    case 'soundBlocked':
      return state.soundBlocked === action.blocked ? state : { ...state, soundBlocked: action.blocked };
    case 'notice':
      return notify(state, action.notice);
    case 'noticeSeen':
      return { ...state, notices: state.notices.filter(({ serial }) => serial !== action.serial) };
  }
}

function joined(state: State, join: Extract<Action, { do: 'joined' }>): State {
  const again = !state.connection.open;
  const next: State = {
    ...state,
    screen: join.where === 'in' ? 'meeting' : 'lobby',
    title: join.title,
    me: join.participant,
    role: join.role,
    joining: { busy: false, pinNeeded: state.joining.pinNeeded, problem: undefined },
    connection: { open: true },
    out: undefined,
    // The list comes anew as news. Until then a screen that stands already keeps what it shows.
    participants: again ? state.participants : [],
  };
  return again ? notify(next, { what: 'connectedAgain' }) : next;
}

function goOut(state: State, reason: OutReason): State {
  return {
    ...state,
    screen: 'out',
    out: reason,
    connection: { open: true },
    me: undefined,
    participants: [],
    speaking: [],
    shown: undefined,
    held: false,
    locked: false,
    videoFormat: undefined,
    panelOpen: false,
    dialog: undefined,
    sharing: false,
    quality: undefined,
    soundBlocked: false,
    notices: [],
  };
}

function reduceNews(state: State, news: News): State {
  switch (news.news) {
    case 'participants': {
      const here = new Set(news.participants.map(({ id }) => id));
      return {
        ...state,
        participants: news.participants,
        speaking: state.speaking.filter((id) => here.has(id)),
        shown: state.shown !== undefined && here.has(state.shown) ? state.shown : undefined,
      };
    }
    case 'participant':
      return participantChanged(state, news.participant);
    case 'participantLeft': {
      const gone = state.participants.find(({ id }) => id === news.participant);
      if (!gone) return state;
      const next: State = {
        ...state,
        participants: state.participants.filter(({ id }) => id !== gone.id),
        speaking: state.speaking.filter((id) => id !== gone.id),
        shown: state.shown === gone.id ? undefined : state.shown,
        dialog: typeof state.dialog === 'object' && state.dialog.expel === gone.id ? undefined : state.dialog,
      };
      return gone.where === 'in' && gone.id !== state.me ? notify(next, { what: 'left', name: gone.name }) : next;
    }
    case 'admitted':
      return notify({ ...state, screen: 'meeting' }, { what: 'admitted' });
    case 'role': {
      if (news.role === state.role) return state;
      const isHost = news.role === 'host';
      return notify({ ...state, role: news.role, dialog: isHost ? state.dialog : undefined }, { what: isHost ? 'nowHost' : 'nowGuest' });
    }
    case 'speaking': {
      const shown = news.speaker !== undefined && news.speaker !== state.me ? news.speaker : state.shown;
      return { ...state, speaking: news.participants, shown };
    }
    case 'locked':
      if (news.locked === state.locked) return state;
      return notify({ ...state, locked: news.locked }, { what: news.locked ? 'locked' : 'unlocked' });
    case 'videoFormat':
      return {
        ...state,
        videoFormat: { codec: news.codec, packetizationMode: news.packetizationMode, maxBitrate: news.maxBitrate },
      };
    case 'mutedByHost':
      return mutedByHost(state, news.source, news.holds ?? false);
    case 'invited':
      return notify(state, { what: 'invited', address: news.address, outcome: news.outcome, reason: news.reason });
    case 'mediaLost':
      return notify(state, { what: 'mediaAgain' });
    case 'consumerClosed':
      return state;
    case 'out':
      return goOut(state, news.reason);
  }
}

function participantChanged(state: State, participant: ParticipantSummary): State {
  const before = state.participants.find(({ id }) => id === participant.id);
  if (!before) {
    const next = { ...state, participants: [...state.participants, participant] };
    if (participant.id === state.me) return next;
    return notify(next, { what: participant.where === 'lobby' ? 'waits' : 'arrived', name: participant.name });
  }
  const next = { ...state, participants: state.participants.map((each) => (each === before ? participant : each)) };
  if (participant.id === state.me) {
    const isFree = state.held && before.muted.host && !participant.muted.host;
    return isFree ? notify({ ...next, held: false }, { what: 'mayTalkAgain' }) : next;
  }
  if (before.where === 'lobby' && participant.where === 'in') return notify(next, { what: 'arrived', name: participant.name });
  const shared = (one: ParticipantSummary) => one.streams.some(({ source }) => source === 'slides');
  return shared(participant) && !shared(before) ? notify(next, { what: 'sharing', name: participant.name }) : next;
}

function mutedByHost(state: State, source: 'microphone' | 'camera' | 'slides', holds: boolean): State {
  if (source === 'slides') return notify({ ...state, sharing: false }, { what: 'slidesByHost' });
  const devices = { ...state.devices, [source]: { ...state.devices[source], on: false } };
  if (source === 'camera') return notify({ ...state, devices }, { what: 'cameraByHost' });
  return notify({ ...state, devices, held: holds }, { what: holds ? 'heldByHost' : 'mutedByHost' });
}

function notify(state: State, notice: Notice): State {
  const serial = (state.notices.at(-1)?.serial ?? 0) + 1;
  // What happens again is said again, and shown once.
  const others = state.notices.filter((each) => !isSame(each.notice, notice));
  return { ...state, notices: [...others, { serial, notice }].slice(-NOTICES_MAX) };
}

const isSame = (one: Notice, other: Notice): boolean => JSON.stringify(one) === JSON.stringify(other);
