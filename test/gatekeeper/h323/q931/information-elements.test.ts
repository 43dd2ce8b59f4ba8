import { describe, expect, it } from 'vitest';
import { describeCause } from '../../../../src/gatekeeper/h323/q931/cause-names.js';
import { contentOf, element } from '../../../../src/gatekeeper/h323/q931/element.js';
import {
  bearerCapability,
  bearerCapabilityOf,
  callState,
  callStateOf,
  callStates,
  cause,
  causeOf,
  display,
  displayOf,
  emptyFacility,
  keypad,
  keypadOf,
  notificationIndicator,
  notificationIndicatorOf,
  progressIndicator,
  progressIndicatorOf,
  signal,
  signalOf,
  videoCallBearer,
} from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import { partyNumber, partyNumberOf } from '../../../../src/gatekeeper/h323/q931/party-number.js';
import type { InformationElement, Q931Message } from '../../../../src/gatekeeper/h323/q931/q931-message.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const message = (...elements: InformationElement[]): Q931Message => ({ callReference: 1, fromDestination: false, type: 'setup', elements });
const octets = ({ content }: InformationElement) => Buffer.from(content).toString('hex');

describe('cause (Q.850)', () => {
  it('is written with its location, and read', () => {
    expect(octets(cause(16))).toBe('8090');
    expect(octets(cause(34, 'publicNetworkLocalUser'))).toBe('82a2');
    expect(causeOf(message(cause(17, 'internationalNetwork')))).toEqual({ value: 17, location: 'internationalNetwork', coding: 'itu' });
  });

  it.each([
    // With a recommendation octet, a diagnostic, another coding, a reserved location.
    ['00 80 9f', { value: 31, location: 'user', coding: 'itu' }],
    ['80 83 ff', { value: 3, location: 'user', coding: 'itu' }],
    ['e0 90', { value: 16, location: 'user', coding: 'location' }],
    ['8f 90', { value: 16, location: 'reserved', coding: 'itu' }],
    ['80', undefined],
    ['', undefined],
    ['00 00 00', undefined],
  ])('reads %s', (bytes, expected) => {
    expect(causeOf(message(element('cause', hex(bytes))))).toEqual(expected);
  });

  it('has a name for people', () => {
    expect(describeCause(17)).toBe('17 user busy');
    expect(describeCause(126)).toBe('126');
  });

  it('is 0 to 127', () => {
    expect(() => cause(128)).toThrow('A cause is 0 to 127, not 128');
  });
});

describe('bearer capability', () => {
  it('of a video call is what H.225.0 asks for', () => {
    expect(octets(bearerCapability(videoCallBearer))).toBe('88c0a5');
    expect(bearerCapabilityOf(message(bearerCapability(videoCallBearer)))).toEqual({ ...videoCallBearer, multiplier: undefined });
  });

  it.each([
    ['80 90 a5', { capability: 'speech', mode: 'circuit', rate: 16, multiplier: undefined, layer1: 'h221' }],
    ['88 18 86 a5', { capability: 'unrestrictedDigital', mode: 'circuit', rate: 24, multiplier: 6, layer1: 'h221' }],
    ['90 90 a3', { capability: 'audio3k1', mode: 'circuit', rate: 16, multiplier: undefined, layer1: 'g711A' }],
    ['87 b0', { capability: 'reserved', mode: 'reserved', rate: 16, multiplier: undefined, layer1: undefined }],
    ['88', undefined],
  ])('reads %s', (bytes, expected) => {
    expect(bearerCapabilityOf(message(element('bearerCapability', hex(bytes))))).toEqual(expected);
  });

  it('writes a multiple of 64 kbit/s', () => {
    const bearer = { capability: 'unrestrictedDigital', mode: 'circuit', rate: 24, multiplier: 6, layer1: 'h221' } as const;
    expect(octets(bearerCapability(bearer))).toBe('889886a5');
  });
});

describe('party numbers', () => {
  it.each([
    ['81 34 36', { digits: '46', type: 'unknown', plan: 'e164' }],
    ['91 34 36', { digits: '46', type: 'international', plan: 'e164' }],
    ['01 a3 34 36', { digits: '46', type: 'unknown', plan: 'e164', presentation: 'restricted', screening: 'network' }],
    ['89', { digits: '', type: 'unknown', plan: 'private' }],
    ['d2', { digits: '', type: 'reserved', plan: 'reserved' }],
  ])('reads %s', (bytes, expected) => {
    expect(partyNumberOf(message(element('callingPartyNumber', hex(bytes))), 'callingPartyNumber')).toEqual(expected);
  });

  it('reads past the third octet of a redirecting number', () => {
    expect(partyNumberOf(message(element('redirectingNumber', hex('21 00 8f 38'))), 'redirectingNumber')?.digits).toBe('8');
  });

  it('is none where it makes no sense', () => {
    for (const bytes of ['', '01']) {
      expect(partyNumberOf(message(element('calledPartyNumber', hex(bytes))), 'calledPartyNumber')).toBeUndefined();
    }
    expect(partyNumberOf(message(), 'calledPartyNumber')).toBeUndefined();
  });

  it('is written as it is read', () => {
    const number = { digits: '461010001', type: 'national', plan: 'private', presentation: 'restricted', screening: 'userPassed' } as const;
    expect(octets(partyNumber('calledPartyNumber', { digits: '46*' }))).toBe('8134362a');
    expect(partyNumberOf(message(partyNumber('callingPartyNumber', number)), 'callingPartyNumber')).toEqual(number);
    expect(() => partyNumber('calledPartyNumber', { digits: '４６' })).toThrow('a character that Q.931 cannot carry');
  });
});

describe('texts', () => {
  it('shows what a stack ended with a zero, in UTF-8 or Latin-1', () => {
    expect(displayOf(message(element('display', Buffer.from('norr1\0', 'latin1'))))).toBe('norr1');
    expect(displayOf(message(element('display', Buffer.from('Åsa', 'latin1'))))).toBe('Åsa');
    expect(displayOf(message(display('Åsa')))).toBe('Åsa');
    expect(displayOf(message())).toBeUndefined();
  });

  it('cuts a display between characters', () => {
    expect(displayOf(message(display(`x${'å'.repeat(60)}`)))).toBe(`x${'å'.repeat(39)}`);
    expect(display('a'.repeat(200)).content.length).toBe(80);
  });

  it('carries what was typed', () => {
    expect(keypadOf(message(keypad('12#')))).toBe('12#');
  });
});

describe('small elements', () => {
  it('are written and read', () => {
    expect(octets(callState(callStates.active))).toBe('0a');
    expect(callStateOf(message(callState(callStates.active)))).toBe(10);
    expect(octets(progressIndicator(8, 'privateNetworkLocalUser'))).toBe('8188');
    expect(progressIndicatorOf(message(progressIndicator(8)))).toEqual({ description: 8, location: 'user' });
    expect(octets(notificationIndicator(1))).toBe('81');
    expect(notificationIndicatorOf(message(notificationIndicator(1)))).toBe(1);
    expect(signalOf(message(signal(63)))).toBe(63);
    expect(emptyFacility).toEqual({ codeset: 0, id: 0x1c, content: new Uint8Array() });
    expect(contentOf(message(element('dateTime', [26, 11, 22])), 'dateTime')).toEqual(Uint8Array.of(26, 11, 22));
  });

  it('are none where nothing is in them', () => {
    const empty = message(element('callState'), element('progressIndicator', [0x80]), element('notificationIndicator'), element('signal'));
    expect([callStateOf(empty), progressIndicatorOf(empty), notificationIndicatorOf(empty), signalOf(empty)]).toEqual(
      new Array(4).fill(undefined),
    );
  });
});
