import { describe, expect, it } from 'vitest';
import type { H323UserInformation } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { element } from '../../../../src/gatekeeper/h323/q931/element.js';
import { type H225Message, type H225Result, readH225, writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import {
  bearerCapability,
  callState,
  cause,
  display,
  emptyFacility,
  keypad,
  notificationIndicator,
  progressIndicator,
  signal,
  videoCallBearer,
} from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import { partyNumber } from '../../../../src/gatekeeper/h323/q931/party-number.js';
import { decodeQ931, encodeQ931, type InformationElement, type Q931Message } from '../../../../src/gatekeeper/h323/q931/q931-message.js';
import { writeTpkt } from '../../../../src/gatekeeper/h323/q931/tpkt.js';
import { type DissectedField, dissect } from '../../../support/dissector.js';
import { capturedMessages, captureNames } from '../../../support/h323-captures.js';

const guid = new Uint8Array(16).fill(0xa5);
const releaseComplete: H323UserInformation = {
  'h323-uu-pdu': {
    'h323-message-body': {
      type: 'releaseComplete',
      value: { protocolIdentifier: '0.0.8.2250.0.7', reason: { type: 'securityDenied', value: null }, callIdentifier: { guid } },
    },
    h245Tunneling: false,
  },
};
const q931 = (...elements: InformationElement[]): Q931Message => ({
  callReference: 0x1234,
  fromDestination: true,
  type: 'releaseComplete',
  elements,
});
const bytesOf = (message: Q931Message) => encodeQ931(message);

function messageOf(result: H225Result): H225Message {
  if (!result.ok) throw new Error(result.error);
  return result.message;
}

describe('readH225', () => {
  it('reads every message of the captures, and what is written of it reads the same', () => {
    let bodies = 0;
    for (const payload of captureNames.flatMap((name) => capturedMessages(name).signalling)) {
      const result = readH225(payload);
      expect(result).not.toHaveProperty('unreadable');
      const message = messageOf(result);
      if (message.uuie) bodies++;
      expect(writeH225(message).equals(payload)).toBe(true);
    }
    expect(bodies).toBe(45);
  });

  it('takes a message without a user-user element for what it is', () => {
    const payload = bytesOf(q931(cause(16)));
    expect(readH225(payload)).toEqual({ ok: true, message: { q931: decodeQ931(payload), uuie: undefined } });
  });

  it.each([
    ['no content', '', 'protocol discriminator is missing, not 5'],
    ['IA5 text', '0441', 'protocol discriminator is 4, not 5'],
    ['nothing behind the discriminator', '05', 'The user-user element cannot be read: '],
    ['too little behind it', '0520b8', 'The user-user element cannot be read: '],
  ])('gives the rest where the user-user element has %s', (_what, content, why) => {
    const payload = bytesOf(q931(cause(16), element('userUser', Buffer.from(content, 'hex'))));
    const result = readH225(payload);
    expect(messageOf(result)).toEqual({ q931: decodeQ931(payload), uuie: undefined });
    expect(result.ok && result.unreadable).toContain(why);
  });

  it('says why it is no Q.931', () => {
    expect(readH225(Buffer.from('16030100a5', 'hex'))).toEqual({ ok: false, error: expect.stringContaining('discriminator is 22, not 8') });
  });

  it('never throws, whatever comes', () => {
    const seeds = captureNames.flatMap((name) => capturedMessages(name).signalling.map((bytes) => Buffer.from(bytes)));
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 8) % below;
    };
    let unreadable = 0;
    for (let i = 0; i < 20_000; i++) {
      const bent = Buffer.from(seeds[random(seeds.length)] ?? '');
      for (let bends = 1 + random(3); bends > 0; bends--) bent[random(bent.length)] = random(256);
      const result = readH225(bent.subarray(0, random(4) === 0 ? random(bent.length) : bent.length));
      if (result.ok && result.unreadable !== undefined) unreadable++;
    }
    expect(unreadable).toBeGreaterThan(1_000);
  });
});

describe('writeH225', () => {
  it('puts the user-user element last, before any shift, or in the place of the one that is there', () => {
    const ids = (...elements: InformationElement[]) =>
      decodeQ931(writeH225({ q931: q931(...elements), uuie: releaseComplete })).elements.map(({ id }) => id);
    const old = element('userUser', [5]);
    const shift: InformationElement = { codeset: 0, id: 0x95, content: new Uint8Array() };
    const national: InformationElement = { codeset: 5, id: 0x7e, content: Uint8Array.of(1) };
    expect(ids(element('sendingComplete'), cause(16))).toEqual([0xa1, 0x08, 0x7e]);
    expect(ids(cause(16), shift, national)).toEqual([0x08, 0x7e, 0x95, 0x7e]);
    expect(ids(old, display('x'))).toEqual([0x7e, 0x28]);
    const written = messageOf(readH225(writeH225({ q931: q931(old, display('x')), uuie: releaseComplete })));
    expect(written.uuie).toMatchObject(releaseComplete);
  });
});

function fieldsOf(fields: readonly DissectedField[], found = new Map<string, string[]>()): Map<string, string[]> {
  for (const { name, show, fields: inner } of fields) {
    found.set(name, [...(found.get(name) ?? []), show]);
    fieldsOf(inner, found);
  }
  return found;
}

describe('an independent dissector', () => {
  it('reads what we write', async () => {
    const elements = [
      bearerCapability(videoCallBearer),
      cause(47, 'privateNetworkLocalUser'),
      callState(10),
      emptyFacility,
      progressIndicator(8, 'publicNetworkLocalUser'),
      notificationIndicator(2),
      display('norr1'),
      element('dateTime', [26, 11, 22, 1, 22]),
      keypad('12#'),
      signal(1),
      partyNumber('callingPartyNumber', { digits: '461010001', presentation: 'restricted', screening: 'userPassed' }),
      partyNumber('calledPartyNumber', { digits: '461020001', type: 'national', plan: 'private' }),
    ];
    const payload = writeTpkt(writeH225({ q931: q931(...elements), uuie: releaseComplete }));
    const from = { address: '127.0.0.1', port: 40_000 };
    const to = { address: '127.0.0.2', port: 1720 };
    const packets = await dissect([{ transport: 'tcp', from, to, payload }]);
    const last = packets.at(-1);
    expect(last?.problems).toEqual([]);
    const fields = fieldsOf(last?.protocols ?? []);
    const expected: Record<string, readonly string[]> = {
      'q931.call_ref': ['12:34'],
      'q931.call_ref_flag': ['1'],
      'q931.message_type': ['0x5a'],
      // Without facility and notification indicator, which this dissector shows under other names.
      'q931.information_element': ['4', '8', '20', '30', '40', '41', '44', '52', '108', '112', '126'],
      'q931.information_transfer_capability': ['0x08'],
      'q931.transfer_mode': ['0x02'],
      'q931.information_transfer_rate': ['0x00'],
      'q931.uil1': ['0x05'],
      'q931.cause_location': ['1'],
      'q931.cause_value': ['47'],
      'q931.call_state': ['0x0a'],
      'q931.progress_indicator.location': ['0x02'],
      'q931.progress_indicator.description': ['0x08'],
      'q931.display_information': ['norr1'],
      'q931.keypad_facility': ['12#'],
      'q931.signal': ['0x01'],
      'q931.numbering_plan': ['0x01', '0x09'],
      'q931.number_type': ['0x00', '0x02'],
      'q931.presentation_ind': ['0x01'],
      'q931.screening_ind': ['0x01'],
      'q931.calling_party_number.digits': ['461010001'],
      'q931.called_party_number.digits': ['461020001'],
      'q931.user.protocol_discriminator': ['0x05'],
      'h225.securityDenied_element': [''],
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, fields.get(name)]))).toEqual(expected);
  });
});
