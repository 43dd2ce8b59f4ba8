import { describe, expect, it } from 'vitest';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { isLooping, loopHash, makeBranch } from '../../../../src/gatekeeper/sip/proxy/branch.js';

const prefix = 'z9hG4bKpvtest.';
const invite = (uri: string, via: string[] = []) =>
  SipRequest.create('INVITE', uri, [
    ...via.map((value): [string, string] => ['Via', value]),
    ['From', '<sip:a@norr.example>;tag=1'],
    ['Call-ID', 'loop-1'],
    ['CSeq', '1 INVITE'],
  ]);

describe('loop detection (RFC 3261 §16.3 step 4)', () => {
  const first = invite('sip:b@syd.example');
  const branch = makeBranch(prefix, loopHash(first));

  it('sees a request that comes back as it was', () => {
    const back = invite('sip:b@syd.example', ['SIP/2.0/UDP other:5060;branch=z9hG4bKx', `SIP/2.0/UDP us:5060;branch=${branch};rport`]);
    expect(isLooping(back, prefix, loopHash(back))).toBe(true);
  });

  it('lets a spiral pass: the same call with another Request-URI', () => {
    const spiral = invite('sip:c@syd.example', [`SIP/2.0/UDP us:5060;branch=${branch}`]);
    expect(isLooping(spiral, prefix, loopHash(spiral))).toBe(false);
  });

  it('makes every branch once', () => {
    const many = new Set(Array.from({ length: 1000 }, () => makeBranch(prefix, 'h')));
    expect(many.size).toBe(1000);
  });
});
