import { describe, expect, it } from 'vitest';
import { rasMessage, userInformation } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { contentOf } from '../../../../src/gatekeeper/h323/q931/element.js';
import { decodeQ931 } from '../../../../src/gatekeeper/h323/q931/q931-message.js';
import { type CaptureName, capturedMessages, captureNames } from '../../../support/h323-captures.js';

const ASN1_CODED = 5;

/** The user-user elements of a capture, without their protocol discriminator. */
function userUserElements(name: CaptureName): Uint8Array[] {
  return capturedMessages(name).signalling.map((message) => {
    const content = contentOf(decodeQ931(message), 'userUser');
    expect(content?.[0]).toBe(ASN1_CODED);
    return content?.subarray(1) ?? new Uint8Array();
  });
}

function countTypes(types: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** As the dissector counted them; so nothing is skipped. */
const calling = { admissionRequest: 2, admissionConfirm: 2, disengageRequest: 2, disengageConfirm: 2 };
const registering = { gatekeeperRequest: 2, gatekeeperConfirm: 2, registrationRequest: 2, registrationConfirm: 2 };
const expected: Record<CaptureName, { ras: Record<string, number>; signalling: Record<string, number> }> = {
  'plain-tunnelled': {
    ras: { ...registering, ...calling },
    signalling: { setup: 2, callProceeding: 2, connect: 2, empty: 18, releaseComplete: 3 },
  },
  'separate-h245': { ras: { ...registering, ...calling }, signalling: { setup: 2, callProceeding: 2, connect: 2, releaseComplete: 3 } },
  'fast-start': { ras: { ...registering, ...calling }, signalling: { setup: 2, callProceeding: 2, connect: 2, releaseComplete: 3 } },
  'h235-password': { ras: registering, signalling: {} },
};

describe.each(captureNames)('the capture %s', (name) => {
  it('has every RAS message decoded, and encoded to the same bytes', () => {
    const types = capturedMessages(name).ras.map((bytes) => {
      const message = rasMessage.decode(bytes);
      expect(rasMessage.encode(message).toString('hex')).toBe(bytes.toString('hex'));
      return message.type;
    });
    expect(countTypes(types)).toEqual(expected[name].ras);
  });

  it('has every user-user element decoded, and encoded to the same bytes', () => {
    const types = userUserElements(name).map((bytes) => {
      const information = userInformation.decode(bytes);
      expect(userInformation.encode(information).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
      return information['h323-uu-pdu']['h323-message-body'].type;
    });
    expect(countTypes(types)).toEqual(expected[name].signalling);
  });
});
