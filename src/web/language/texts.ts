import type { Quality } from '../model/quality.js';
import type { DeviceProblem, OutReason, ProblemCode } from '../model/state.js';
import { english } from './english.js';
import { swedish } from './swedish.js';

export type LanguageCode = 'sv' | 'en';

/** Everything that the page says. One object a language; the compiler sees to it that none lacks a word. */
export interface Texts {
  readonly languageName: string;
  readonly join: {
    readonly heading: string;
    readonly meeting: string;
    readonly meetingHint: string;
    readonly name: string;
    readonly nameHint: string;
    readonly pin: string;
    readonly pinHint: string;
    readonly submit: string;
    readonly busy: string;
    readonly preview: string;
    readonly noPicture: string;
    readonly level: string;
    readonly encrypted: string;
    readonly needMeeting: string;
    readonly needName: string;
    readonly needPin: string;
  };
  readonly devices: {
    readonly heading: string;
    readonly camera: string;
    readonly microphone: string;
    readonly speakers: string;
    readonly byDefault: string;
    readonly unnamed: (number: number) => string;
    readonly cameraProblem: Readonly<Record<DeviceProblem, string>>;
    readonly microphoneProblem: Readonly<Record<DeviceProblem, string>>;
    readonly tryAgain: string;
  };
  readonly lobby: { readonly heading: string; readonly text: string; readonly preview: string };
  readonly controls: {
    readonly label: string;
    readonly mute: string;
    readonly unmute: string;
    readonly cameraOff: string;
    readonly cameraOn: string;
    readonly share: string;
    readonly stopSharing: string;
    readonly participants: string;
    readonly settings: string;
    readonly gridView: string;
    readonly speakerView: string;
    readonly leave: string;
    readonly end: string;
    readonly close: string;
    readonly cancel: string;
    readonly soundOn: string;
    readonly talkHint: string;
  };
  /** On the buttons. Each is part of the button's whole name, so that it can be said to voice control (WCAG 2.5.3). */
  readonly shortControls: {
    readonly microphone: string;
    readonly camera: string;
    readonly share: string;
    readonly stopSharing: string;
    readonly participants: string;
    readonly leave: string;
  };
  readonly meeting: {
    readonly stage: string;
    readonly you: string;
    readonly speaking: string;
    readonly nowSpeaking: (names: readonly string[]) => string;
    readonly muted: string;
    readonly mutedByHost: string;
    readonly noCamera: string;
    readonly slidesOf: (name: string) => string;
    readonly youShare: string;
    readonly encrypted: (cipher: string) => string;
    readonly meetingEncrypted: string;
    readonly notEncrypted: string;
    readonly locked: string;
    readonly alone: string;
    readonly quality: Readonly<Record<Quality, string>>;
    readonly reconnecting: (attempt: number) => string;
    readonly waiting: (count: number) => string;
    readonly showWaiting: string;
  };
  readonly people: {
    readonly heading: (count: number) => string;
    readonly lobbyHeading: (count: number) => string;
    readonly host: string;
    readonly guest: string;
    readonly room: string;
    readonly admit: (name: string) => string;
    readonly refuse: (name: string) => string;
    readonly admitShort: string;
    readonly refuseShort: string;
    readonly mute: (name: string) => string;
    readonly unmute: (name: string) => string;
    readonly stopSlides: (name: string) => string;
    readonly expel: (name: string) => string;
    readonly muteAll: string;
    readonly lock: string;
    readonly unlock: string;
    readonly invite: string;
  };
  readonly invite: { readonly heading: string; readonly address: string; readonly hint: string; readonly submit: string };
  readonly expel: { readonly heading: (name: string) => string; readonly text: string; readonly submit: string };
  readonly end: { readonly heading: string; readonly text: string; readonly leaveOnly: string; readonly endForAll: string };
  readonly settings: { readonly heading: string; readonly language: string };
  readonly out: {
    readonly heading: Readonly<Record<OutReason, string>>;
    readonly text: Readonly<Record<OutReason, string>>;
    readonly again: string;
  };
  readonly notices: {
    readonly region: string;
    readonly dismiss: string;
    readonly arrived: (name: string) => string;
    readonly left: (name: string) => string;
    readonly waits: (name: string) => string;
    readonly admitted: string;
    readonly mutedByHost: string;
    readonly heldByHost: string;
    readonly mayTalkAgain: string;
    readonly cameraByHost: string;
    readonly slidesByHost: string;
    readonly locked: string;
    readonly unlocked: string;
    readonly nowHost: string;
    readonly nowGuest: string;
    readonly sharing: (name: string) => string;
    readonly invited: Readonly<Record<'ringing' | 'joined' | 'failed', (address: string) => string>>;
    readonly deviceEnded: Readonly<Record<'microphone' | 'camera', string>>;
    readonly videoNotSent: string;
    readonly mediaAgain: string;
    readonly connectedAgain: string;
  };
  readonly problems: Readonly<Record<ProblemCode, string>>;
  /** Put after a problem when the service says how long to wait. */
  readonly retryIn: (seconds: number) => string;
}

export const languages: Readonly<Record<LanguageCode, Texts>> = { sv: swedish, en: english };

/** The first of a person's languages that we speak; Swedish when there is none. */
export function pickLanguage(preferred: readonly string[], remembered: string | null): LanguageCode {
  for (const tag of remembered === null ? preferred : [remembered, ...preferred]) {
    const code = tag.toLowerCase().split('-')[0];
    if (code === 'sv' || code === 'en') return code;
  }
  return 'sv';
}
