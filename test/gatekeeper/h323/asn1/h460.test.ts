import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  IncomingCallIndication,
  incomingCallIndication,
  LRQKeepAliveData,
  lrqKeepAliveData,
  TraversalParameters,
  traversalParameters,
} from '../../../../src/gatekeeper/h323/asn1/h460.js';
import type { Codec } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';
import type { Asn1Type } from '../../../../src/gatekeeper/h323/asn1/schema.js';
import { arbitraryOf, plain } from '../../../support/asn1-arbitrary.js';

function comesBack<T>(type: Asn1Type<T>, { encode, decode }: Codec<T>): void {
  const property = fc.property(arbitraryOf(type), (value) => {
    expect(plain(decode(encode(value)))).toEqual(plain(value));
  });
  fc.assert(property, { numRuns: 200 });
}

describe('the parameters of H.460', () => {
  it('of H.460.18 come back as they went', () => {
    comesBack(IncomingCallIndication, incomingCallIndication);
    comesBack(LRQKeepAliveData, lrqKeepAliveData);
  });

  it('of H.460.19 come back as they went', () => {
    comesBack(TraversalParameters, traversalParameters);
  });

  it('carries an H.225.0 address in an incoming call indication', () => {
    const bytes = incomingCallIndication.encode({
      callSignallingAddress: { type: 'ipAddress', value: { ip: Uint8Array.of(192, 0, 2, 1), port: 1720 } },
      callID: { guid: new Uint8Array(16).fill(0xab) },
    });
    // X.691: extension bit 0; choice 0 0 000 of ipAddress, aligned octets; then the identifier's extension bit, aligned octets.
    expect(bytes.toString('hex')).toBe(`00c000020106b800${'ab'.repeat(16)}`);
  });

  it('carries H.245 addresses and a keep-alive in traversal parameters', () => {
    const bytes = traversalParameters.encode({
      keepAliveChannel: {
        type: 'unicastAddress',
        value: { type: 'iPAddress', value: { network: Uint8Array.of(192, 0, 2, 1), tsapIdentifier: 2000 } },
      },
      keepAliveInterval: 19,
    });
    // Extension bit and 6 for the optional fields (0 000101); choices 0 0, 0 000 and an extension bit; a number of 32 bits in one octet, less its lower bound.
    expect(bytes.toString('hex')).toBe('0a00c000020107d00012');
  });
});
