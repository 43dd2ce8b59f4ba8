import type { ErrorCode, News, ParticipantSummary } from '../../bridge/browser/protocol.js';
import type { LanguageCode } from '../language/texts.js';
import type { Quality } from './quality.js';

export type Source = 'microphone' | 'camera' | 'slides';
export type Role = 'host' | 'guest';
export type VideoFormat = Omit<Extract<News, { news: 'videoFormat' }>, 'news'>;

/** Why the service sent us out, and the two ends that the page knows of itself. */
export type OutReason = Extract<News, { news: 'out' }>['reason'] | 'left' | 'unreachable';

/** Why asking the service failed: its own code, or that no answer came. */
export type ProblemCode = ErrorCode | 'connection';

export interface Problem {
  readonly code: ProblemCode;
  /** So long the service listens to nothing, in ms. */
  readonly retryMs?: number | undefined;
  /** `out`: why the seat is gone for good. */
  readonly reason?: OutReason | undefined;
}

/** Why there is no sound or picture from a device. */
export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'unsupported' | 'ended' | 'failed';

export interface DeviceChoice {
  readonly id: string;
  readonly label: string;
}

/** One of the two devices that we send from. */
export interface OwnDevice {
  /** What the person wants: sent to the others as soon as there is a device and a meeting. */
  readonly on: boolean;
  /** Undefined: none, and `problem` says why; or not asked yet. */
  readonly live: boolean;
  readonly problem: DeviceProblem | undefined;
  readonly choices: readonly DeviceChoice[];
  readonly chosen: string | undefined;
}

export interface Devices {
  readonly microphone: OwnDevice;
  readonly camera: OwnDevice;
  /** No choices: this browser plays where the system says. */
  readonly speakers: { readonly choices: readonly DeviceChoice[]; readonly chosen: string | undefined };
}

/** What is said aloud (by screen readers) and shown for a while. In terms of what happened: the words come from the dictionary. */
export type Notice =
  | { readonly what: 'arrived' | 'left' | 'waits'; readonly name: string }
  | { readonly what: 'heldByHost' | 'mayTalkAgain' }
  | { readonly what: 'admitted' | 'mutedByHost' | 'cameraByHost' | 'slidesByHost' | 'locked' | 'unlocked' | 'nowHost' | 'nowGuest' }
  | { readonly what: 'sharing'; readonly name: string }
  | {
      readonly what: 'invited';
      readonly address: string;
      readonly outcome: 'ringing' | 'joined' | 'failed';
      readonly reason: string | undefined;
    }
  | { readonly what: 'problem'; readonly problem: Problem }
  | { readonly what: 'deviceEnded'; readonly device: 'microphone' | 'camera' }
  | { readonly what: 'videoNotSent' }
  | { readonly what: 'mediaAgain' | 'connectedAgain' };

export interface NumberedNotice {
  readonly serial: number;
  readonly notice: Notice;
}

export type Screen = 'join' | 'lobby' | 'meeting' | 'out';
export type Dialog = 'settings' | 'invite' | 'end' | { readonly expel: string } | undefined;

export interface State {
  readonly screen: Screen;
  readonly language: LanguageCode;
  /** From the link, or typed. */
  readonly meeting: string;
  readonly key: string | undefined;
  readonly title: string;
  readonly joining: { readonly busy: boolean; readonly pinNeeded: boolean; readonly problem: Problem | undefined };
  readonly connection: { readonly open: true } | { readonly open: false; readonly attempt: number };
  readonly me: string | undefined;
  readonly role: Role;
  /** In order of arrival, oneself among them. */
  readonly participants: readonly ParticipantSummary[];
  readonly speaking: readonly string[];
  /** Whom the speaker view shows: the last speaker who is not oneself. */
  readonly shown: string | undefined;
  /** A host has silenced our microphone until a host takes it back. */
  readonly held: boolean;
  readonly locked: boolean;
  readonly videoFormat: VideoFormat | undefined;
  readonly view: 'grid' | 'speaker';
  readonly panelOpen: boolean;
  readonly dialog: Dialog;
  readonly devices: Devices;
  readonly sharing: boolean;
  readonly quality: Quality | undefined;
  readonly soundBlocked: boolean;
  readonly notices: readonly NumberedNotice[];
  readonly out: OutReason | undefined;
}

/** So many notices at most are on the screen; older ones give way. */
export const NOTICES_MAX = 4;

const noDevice: OwnDevice = { on: true, live: false, problem: undefined, choices: [], chosen: undefined };

/** How the page begins. */
export function initialState(start: {
  readonly language: LanguageCode;
  readonly meeting: string;
  readonly key: string | undefined;
  readonly view: 'grid' | 'speaker';
}): State {
  return {
    screen: 'join',
    ...start,
    title: '',
    joining: { busy: false, pinNeeded: false, problem: undefined },
    connection: { open: true },
    me: undefined,
    role: 'guest',
    participants: [],
    speaking: [],
    shown: undefined,
    held: false,
    locked: false,
    videoFormat: undefined,
    panelOpen: false,
    dialog: undefined,
    devices: { microphone: noDevice, camera: noDevice, speakers: { choices: [], chosen: undefined } },
    sharing: false,
    quality: undefined,
    soundBlocked: false,
    notices: [],
    out: undefined,
  };
}
