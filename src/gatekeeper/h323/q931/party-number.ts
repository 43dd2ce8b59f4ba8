import { contentOf, element, latin1Of, withText } from './element.js';
import { type InformationElement, Q931Error, type Q931Message } from './q931-message.js';

/* The numbers of a Q.931 message: who calls (Q.931 §4.5.10), who is called (§4.5.8), who answered, who was called first. */

/** Q.931 §4.5.8. */
const numberTypes = [
  'unknown',
  'international',
  'national',
  'networkSpecific',
  'subscriber',
  undefined,
  'abbreviated',
  'reserved',
] as const;
export type NumberType = Exclude<(typeof numberTypes)[number], undefined>;

/** §4.5.8. In H.323 `private` says that the aliases in the user-user element are what counts. */
const plans = { unknown: 0, e164: 1, x121: 3, telex: 4, national: 8, private: 9 } as const;
export type NumberingPlan = keyof typeof plans;

/** §4.5.10. */
const presentations = ['allowed', 'restricted', 'notAvailable', undefined] as const;
export type Presentation = Exclude<(typeof presentations)[number], undefined>;

/** §4.5.10: who vouches for the number. */
const screenings = ['userNotScreened', 'userPassed', 'userFailed', 'network'] as const;
export type Screening = (typeof screenings)[number];

export interface PartyNumber {
  /** IA5 characters as they came, one byte each: digits, `*`, `#`, but a stack may put anything here. */
  readonly digits: string;
  /** Default: `unknown`. */
  readonly type?: NumberType;
  /** Default: `e164`. */
  readonly plan?: NumberingPlan | 'reserved';
  /** Calling party alone. Absent: the octet is. */
  readonly presentation?: Presentation | undefined;
  readonly screening?: Screening | undefined;
}

type PartyNumberName = 'callingPartyNumber' | 'calledPartyNumber' | 'connectedNumber' | 'redirectingNumber';

export function partyNumberOf(message: Q931Message, name: PartyNumberName): PartyNumber | undefined {
  const content = contentOf(message, name);
  const first = content?.[0];
  if (!content || first === undefined) return undefined;
  const plan = first & 0x0f;
  const number = {
    type: numberTypes[(first >> 4) & 7] ?? 'reserved',
    plan: planNames.find((known) => plans[known] === plan) ?? ('reserved' as const),
  };
  if (first > 0x7f) return { ...number, digits: latin1Of(content, 1) };
  const second = content[1];
  if (second === undefined) return undefined;
  // Redirecting numbers have a third octet before the digits (the reason for it); any more octets of the group are passed over alike.
  let at = 1;
  while (at < content.length && (content[at] ?? 0) < 0x80) at++;
  return {
    ...number,
    digits: latin1Of(content, at + 1),
    presentation: presentations[(second >> 5) & 3],
    screening: screenings[second & 3],
  };
}

const planNames = Object.keys(plans) as NumberingPlan[];

/** @throws {Q931Error} digits beyond Latin-1, or more than an element holds. */
export function partyNumber(name: PartyNumberName, number: PartyNumber): InformationElement {
  const { digits, type = 'unknown', plan = 'e164', presentation, screening } = number;
  if (plan === 'reserved') throw new Q931Error('A number has a numbering plan that Q.931 names');
  const first = (numberTypes.indexOf(type) << 4) | plans[plan];
  const told = presentation !== undefined || screening !== undefined;
  const second = (presentations.indexOf(presentation ?? 'allowed') << 5) | screenings.indexOf(screening ?? 'userNotScreened');
  return element(name, withText(told ? [first, 0x80 | second] : [0x80 | first], digits));
}
