import { describe, expect, it } from 'vitest';
import { rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { authenticationOffer, chooseAuthentication, timeToken } from '../../../../src/gatekeeper/h323/h235/choose-authentication.js';
import { authenticationMethods } from '../../../../src/gatekeeper/h323/h235/claims.js';
import { capturedMessages } from '../../../support/h323-captures.js';
import { NOW } from './messages.js';

const offers = capturedMessages('h235-password').ras.flatMap((bytes) => {
  const message = rasMessage.decode(bytes);
  return message.type === 'gatekeeperRequest' ? [message.value] : [];
});

describe('of what another stack offers', () => {
  it('the strongest is chosen', () => {
    expect(offers.length).toBe(2);
    for (const offer of offers) {
      expect(chooseAuthentication(offer)).toEqual({
        method: 'h235.1',
        authenticationMode: { type: 'pwdHash', value: null },
        algorithmOID: '0.0.8.235.0.2.6',
      });
      expect(chooseAuthentication(offer, ['cat', 'md5'])).toMatchObject({ method: 'md5', algorithmOID: '1.2.840.113549.2.5' });
      expect(chooseAuthentication(offer, ['cat'])).toEqual({
        method: 'cat',
        authenticationMode: { type: 'authenticationBES', value: { type: 'radius', value: null } },
        algorithmOID: '1.2.840.113548.10.1.2.1',
      });
    }
  });

  it('the time is told, as it asks for it', () => {
    for (const offer of offers) expect(timeToken(offer, NOW + 999)).toEqual({ tokenOID: '0.0.8.235.0.4.79', timeStamp: NOW / 1000 });
  });
});

describe('an offer', () => {
  it('of each method is chosen as it was made', () => {
    for (const method of authenticationMethods) expect(chooseAuthentication(authenticationOffer(method))).toMatchObject({ method });
  });

  it('of nothing is answered by nothing', () => {
    expect(chooseAuthentication({})).toBeUndefined();
    expect(timeToken({}, NOW)).toBeUndefined();
    expect(chooseAuthentication(authenticationOffer('cat'), ['h235.1'])).toBeUndefined();
  });

  it('needs both the mechanism and the algorithm', () => {
    const offer = authenticationOffer('h235.1');
    expect(chooseAuthentication({ algorithmOIDs: offer.algorithmOIDs })).toBeUndefined();
    expect(chooseAuthentication({ authenticationCapability: offer.authenticationCapability })).toBeUndefined();
  });
});
