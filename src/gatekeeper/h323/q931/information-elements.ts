import { contentOf, element, latin1Of, withText } from './element.js';
import { type InformationElement, Q931Error, type Q931Message } from './q931-message.js';

/*
 * What the elements of a Q.931 message mean (Q.931 §4.5, and H.225.0 §7.2.2 where it narrows them). Readers take the message and give
 * undefined where the element is absent or makes no sense: an optional element that cannot be read is as if it were not there
 * (Q.931 §5.8.7.2). Writers give an element to put among a message's `elements`, which stand in the order of their identifiers.
 */

/** Bit 8 of an octet that is the last of its group (§4.5.1). */
const LAST = 0x80;

function octetAfterGroup(content: Uint8Array): number | undefined {
  let at = 0;
  while (at < content.length && (content[at] ?? 0) < LAST) at++;
  return content[at + 1];
}

/** Who says it (Q.850, and Q.931 §4.5.23). The names cover what is in use; other values are reserved. */
const locations = {
  user: 0,
  privateNetworkLocalUser: 1,
  publicNetworkLocalUser: 2,
  transitNetwork: 3,
  publicNetworkRemoteUser: 4,
  privateNetworkRemoteUser: 5,
  internationalNetwork: 7,
  beyondInterworking: 10,
} as const;

export type Location = keyof typeof locations;
const locationNames = byValue(locations);

/** Coding standard, bits 7 and 6 of an element's first octet. */
const codings = { itu: 0, iso: 1, national: 2, location: 3 } as const;
export type CodingStandard = keyof typeof codings;
const codingNames = byValue(codings);

export interface Cause {
  /** Q.850, 0 to 127, if `coding` is `itu`. */
  readonly value: number;
  /** `reserved`: a value that Q.931 does not name. */
  readonly location: Location | 'reserved';
  readonly coding: CodingStandard;
}

export function causeOf(message: Q931Message): Cause | undefined {
  const content = contentOf(message, 'cause');
  if (!content) return undefined;
  const first = content[0] ?? 0;
  const value = octetAfterGroup(content);
  if (value === undefined) return undefined;
  return { value: value & 0x7f, location: locationNames[first & 0x0f] ?? 'reserved', coding: codingNames[(first >> 5) & 3] ?? 'itu' };
}

/** `value`: of Q.850, 0 to 127. */
export function cause(value: number, location: Location = 'user'): InformationElement {
  return element('cause', [LAST | locations[location], LAST | within(value, 0x7f, 'A cause')]);
}

/** Of the values of §4.5.5 those that H.323 meets. */
const capabilities = {
  speech: 0,
  unrestrictedDigital: 8,
  restrictedDigital: 9,
  audio3k1: 16,
  unrestrictedWithTones: 17,
  video: 24,
} as const;
const layer1Protocols = { g711Mu: 2, g711A: 3, h221: 5 } as const;

export type TransferCapability = keyof typeof capabilities;
export type Layer1Protocol = keyof typeof layer1Protocols;
const capabilityNames = byValue(capabilities);
const layer1Names = byValue(layer1Protocols);

export interface BearerCapability {
  readonly capability: TransferCapability | 'reserved';
  readonly mode: 'circuit' | 'packet' | 'reserved';
  /** Information transfer rate, the code of §4.5.5: 16 is 64 kbit/s, 24 multirate; 0 in packet mode. */
  readonly rate: number;
  /** Where `rate` is 24: so many times 64 kbit/s. */
  readonly multiplier?: number | undefined;
  /** `h221` says that this is a call of a video system (H.225.0 §7.2.2.1), also in H.323. */
  readonly layer1?: Layer1Protocol | undefined;
}

const MULTIRATE = 24;

export function bearerCapabilityOf(message: Q931Message): BearerCapability | undefined {
  const content = contentOf(message, 'bearerCapability');
  const [first, second] = content ?? [];
  if (!content || first === undefined || second === undefined) return undefined;
  const rate = second & 0x1f;
  let at = 2;
  const multiplier = rate === MULTIRATE && content[at] !== undefined ? (content[at++] ?? 0) & 0x7f : undefined;
  const layer1 = content[at];
  return {
    capability: capabilityNames[first & 0x1f] ?? 'reserved',
    mode: transferModes[(second >> 5) & 3] ?? 'reserved',
    rate,
    multiplier,
    layer1: layer1 !== undefined && (layer1 & 0x60) === 0x20 ? layer1Names[layer1 & 0x1f] : undefined,
  };
}

const transferModes = ['circuit', undefined, 'packet'] as const;

/**
 * What H.225.0 §7.2.2.1 asks of a call that stays on packet networks: unrestricted digital information, packet mode, and H.221 at layer 1,
 * which marks a video call.
 */
export const videoCallBearer: BearerCapability = { capability: 'unrestrictedDigital', mode: 'packet', rate: 0, layer1: 'h221' };

export function bearerCapability({ capability, mode, rate, multiplier, layer1 }: BearerCapability): InformationElement {
  if (capability === 'reserved' || mode === 'reserved') throw new Q931Error('A bearer capability has values that Q.931 names');
  const octets = [LAST | capabilities[capability], LAST | (mode === 'packet' ? 0x40 : 0) | within(rate, 0x1f, 'A transfer rate')];
  if (rate === MULTIRATE) octets.push(LAST | within(multiplier ?? 1, 0x7f, 'A rate multiplier'));
  if (layer1 !== undefined) octets.push(LAST | 0x20 | layer1Protocols[layer1]);
  return element('bearerCapability', octets);
}

/** What the interworking of networks did to a call (§4.5.23): 1 is "not end to end H.323 or ISDN", 8 "in-band information is there". */
export interface ProgressIndicator {
  readonly description: number;
  readonly location: Location | 'reserved';
}

export function progressIndicatorOf(message: Q931Message): ProgressIndicator | undefined {
  const content = contentOf(message, 'progressIndicator');
  const [first, second] = content ?? [];
  if (first === undefined || second === undefined) return undefined;
  return { description: second & 0x7f, location: locationNames[first & 0x0f] ?? 'reserved' };
}

export function progressIndicator(description: number, location: Location = 'user'): InformationElement {
  return element('progressIndicator', [LAST | locations[location], LAST | within(description, 0x7f, 'A progress description')]);
}

/** Call states of Q.931 §2.1 that a gatekeeper tells in a Status (§4.5.7). */
export const callStates = {
  null: 0,
  callInitiated: 1,
  outgoingCallProceeding: 3,
  callDelivered: 4,
  callPresent: 6,
  callReceived: 7,
  incomingCallProceeding: 9,
  active: 10,
  releaseRequest: 19,
} as const;

/** The number of §2.1, 0 to 63. */
export function callStateOf(message: Q931Message): number | undefined {
  const octet = contentOf(message, 'callState')?.[0];
  return octet === undefined ? undefined : octet & 0x3f;
}

export function callState(state: number): InformationElement {
  return element('callState', [within(state, 0x3f, 'A call state')]);
}

/** A tone to be played (§4.5.28): 1 is ring back, 63 none, 64 the first of the alerting patterns. */
export function signalOf(message: Q931Message): number | undefined {
  return contentOf(message, 'signal')?.[0];
}

export function signal(value: number): InformationElement {
  return element('signal', [within(value, 0xff, 'A signal')]);
}

/** §4.5.22: 0 user suspended, 1 user resumed, 2 bearer service changed. */
export function notificationIndicatorOf(message: Q931Message): number | undefined {
  const octet = contentOf(message, 'notificationIndicator')?.[0];
  return octet === undefined ? undefined : octet & 0x7f;
}

export function notificationIndicator(value: number): InformationElement {
  return element('notificationIndicator', [LAST | within(value, 0x7f, 'A notification')]);
}

/** Present and empty: what H.225.0 §7.4.1 asks of every Facility message, as what it says stands in the user-user element. */
export const emptyFacility: InformationElement = element('facility');

/** What a person is shown, without the zero octet that some stacks end it with. UTF-8 where it is that, else Latin-1. */
export function displayOf(message: Q931Message): string | undefined {
  const content = contentOf(message, 'display');
  if (!content) return undefined;
  let end = content.length;
  while (end > 0 && content[end - 1] === 0) end--;
  const text = content.subarray(0, end);
  try {
    return utf8.decode(text);
  } catch {
    return latin1Of(text);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Q.931 §4.5.16: 82 octets, of which two are the header. Some networks take no more. */
const MAX_DISPLAY = 80;

/** In UTF-8, cut to the 80 octets that Q.931 §4.5.16 allows, between characters. */
export function display(text: string): InformationElement {
  let bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MAX_DISPLAY) {
    let end = MAX_DISPLAY;
    while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    bytes = bytes.subarray(0, end);
  }
  return element('display', bytes);
}

/** What was typed while the call is up: digits, `*`, `#`. */
export function keypadOf(message: Q931Message): string | undefined {
  const content = contentOf(message, 'keypad');
  return content && latin1Of(content);
}

export function keypad(typed: string): InformationElement {
  return element('keypad', withText([], typed));
}

function within(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new Q931Error(`${what} is 0 to ${max}, not ${value}`);
  return value;
}

function byValue<N extends string>(values: Readonly<Record<N, number>>): readonly (N | undefined)[] {
  const names: (N | undefined)[] = [];
  for (const name of Object.keys(values) as N[]) names[values[name]] = name;
  return names;
}
