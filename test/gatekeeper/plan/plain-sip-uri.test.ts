import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../../src/gatekeeper/plan/normalise.js';
import { plainSipUri } from '../../../src/gatekeeper/plan/plain-sip-uri.js';

/** The same URI, written so that only the long way reads it. */
const longWay = (text: string) => normalise(text.replace(/^sip:/, 'SIP:'));

describe('the plain form of a SIP URI', () => {
  it.each(['sip:461010001@norr.example', 'sip:anna@norr.example:5061', 'sip:r2d2@a-b.norr.example;user=phone;transport=tls'])(
    '%s is read in one pass',
    (text) => {
      expect(plainSipUri(text)).toBeDefined();
      expect(plainSipUri(text)).toEqual(longWay(text));
    },
  );

  it.each([
    'sip:0001@norr.example',
    'sip:+461010001@norr.example',
    'sip:anna@192.0.2.1',
    'sip:anna@norr.example.',
    'sip:anna@-norr.example',
    'sip:anna@norr..example',
    'sip:anna@norr.example:0',
    'sip:anna@norr.example:99999',
    'sip:anna@norr.example?subject=a@b',
    'sip:anna:secret@norr.example',
    'sip:1234567890123456@norr.example',
    'sip:anna@',
    'sip:@norr.example',
    'sip:norr.example',
  ])('%s is left to the long way', (text) => {
    expect(plainSipUri(text)).toBeUndefined();
  });

  it('is read as the long way reads it, whatever it is', () => {
    const piece = fc.constantFrom(
      'a',
      'z',
      '0',
      '1',
      '46',
      '.',
      '-',
      '@',
      ':',
      ';',
      '=',
      '%41',
      '?',
      'example',
      'x--',
      '5060',
      'user=phone',
      'Å',
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => `sip:${pieces.join('')}`);
    const likely = fc
      .tuple(
        fc.stringMatching(/^[a-z0-9]{1,17}$/),
        fc.stringMatching(/^[a-z0-9.-]{1,20}$/),
        fc.constantFrom('', ':5060', ';lr', ':70000', ';a=b@c'),
      )
      .map(([user, host, tail]) => `sip:${user}@${host}${tail}`);
    fc.assert(
      fc.property(fc.oneof(text, likely), (uri) => {
        const quick = plainSipUri(uri);
        if (quick !== undefined) expect(quick).toEqual(longWay(uri));
      }),
      { numRuns: 3000 },
    );
  });
});
