import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GenericData,
  H323UserInformation,
  RasMessage,
  rasMessage,
  SetupUUIE,
  userInformation,
} from '../../../../src/gatekeeper/h323/asn1/h225.js';
import {
  ClearToken,
  H235CertificateSignature,
  KeySignedMaterial,
  KeySyncMaterial,
  ReturnSig,
} from '../../../../src/gatekeeper/h323/asn1/h235.js';
import { type Codec, codec } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';
import type { Asn1Type } from '../../../../src/gatekeeper/h323/asn1/schema.js';
import { arbitraryOf, plain } from '../../../support/asn1-arbitrary.js';

function roundTrips<T>(type: Asn1Type<T>, { encode, decode }: Codec<T>, numRuns: number): void {
  fc.assert(
    fc.property(arbitraryOf(type), (value) => {
      const bytes = encode(value);
      const decoded = decode(bytes);
      expect(plain(decoded)).toEqual(plain(value));
      expect(encode(decoded).toString('hex')).toBe(bytes.toString('hex'));
    }),
    // Shrinking a message of some hundred fields takes minutes; the seed tells it apart as well.
    { numRuns, endOnFailure: true },
  );
}

describe('what is encoded comes back, and is encoded to the same bytes again', () => {
  it('RasMessage', () => roundTrips(RasMessage, rasMessage, 1000));

  it('H323-UserInformation', () => roundTrips(H323UserInformation, userInformation, 600));

  it('Setup-UUIE', () => roundTrips(SetupUUIE, codec(SetupUUIE), 200));

  it('GenericData, which holds itself', () => roundTrips(GenericData, codec(GenericData), 300));

  it.each([
    ['ClearToken', ClearToken],
    ['KeySignedMaterial', KeySignedMaterial],
    ['KeySyncMaterial', KeySyncMaterial],
    ['ReturnSig', ReturnSig],
    ['H235CertificateSignature', H235CertificateSignature],
  ] satisfies [string, Asn1Type<unknown>][])('%s of H.235', (_, type) => {
    roundTrips<unknown>(type, codec<unknown>(type), 150);
  });
});

describe('an arbitrary RAS message', () => {
  it('is of every kind, and of no more than a datagram', () => {
    const messages = fc.sample(arbitraryOf(RasMessage), { numRuns: 1000, seed: 1 });
    const sizes = messages.map((message) => rasMessage.encode(message).length);
    expect(new Set(messages.map((message) => message.type)).size).toBe(34);
    expect(Math.max(...sizes)).toBeLessThan(65_000);
    expect(sizes.filter((size) => size > 100).length).toBeGreaterThan(300);
  });
});
