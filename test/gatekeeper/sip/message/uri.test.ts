import { describe, expect, it } from 'vitest';
import { formatSipUri, parseSipUri, parseUri, type SipUri, sameUri, uriKey, userText } from '../../../../src/gatekeeper/sip/message/uri.js';

describe('parseSipUri', () => {
  it.each([
    ['sip:norr.example', { scheme: 'sip', user: '', host: 'norr.example', port: undefined }],
    ['SIPS:Anna@Norr.Example:5061', { scheme: 'sips', user: 'Anna', host: 'norr.example', port: 5061 }],
    ['sip:anna:secret@10.0.0.1', { user: 'anna', password: 'secret', host: '10.0.0.1' }],
    ['sip:anna:@10.0.0.1', { user: 'anna', password: '' }],
    ['sip:*21#@norr.example', { user: '*21#' }],
    ['sip:+46101;ext=1@norr.example;user=phone', { user: '+46101;ext=1', host: 'norr.example' }],
    ['sip:a@[2001:DB8::1]:5070', { host: '2001:db8::1', port: 5070 }],
    ['sip:a@h?Subject=x&Priority=urgent', { host: 'h', headers: 'Subject=x&Priority=urgent' }],
    ['sip:sal_3@h', { user: 'sal_3' }],
  ])('reads %s', (text, parts) => expect(parseSipUri(text)).toMatchObject(parts));

  it('reads parameters, names in lower case', () => {
    expect([...(parseSipUri('sip:h;Transport=TCP;lr;maddr=[::1]?x=y')?.params ?? [])]).toEqual([
      ['transport', 'TCP'],
      ['lr', true],
      ['maddr', '[::1]'],
    ]);
  });

  it.each([
    '',
    'sip',
    'sip:',
    'sips:',
    'sip:@h',
    'sip::p@h',
    'sip:a@',
    'sip:a@b@c',
    'sip:a b@c',
    'sip:a@h ',
    ' sip:a@h',
    'sip:a@h:0',
    'sip:a@h:65536',
    'sip:a@h:',
    'sip:a@h:5x',
    'sip:a@[::1',
    'sip:a@[::g]',
    'sip:a@[]',
    'sip:a@[fe80::1%25eth0]',
    'sip:a@::1',
    'sip:a@h;',
    'sip:a@h;;lr',
    'sip:a@h;lr;LR',
    'sip:%4@h',
    'sip:%zz@h',
    'sip:<a>@h',
    'sip:"a"@h',
    'sip:\xe5@h',
    'sip:a@h\x00',
    'tel:+46',
    'http://h',
    `sip:a@[${':'.repeat(60_000)}]`,
  ])('refuses %j', (text) => expect(parseSipUri(text)).toBeUndefined());

  it.each(['sip:h', 'sips:a:b@h:5061;lr;x=y?a=b', 'sip:a@[2001:db8::1]:5070;transport=tcp'])('writes %s as it was', (text) =>
    expect(formatSipUri(parseSipUri(text) as SipUri)).toBe(text),
  );
});

describe('parseUri', () => {
  it.each([
    ['tel:+46101;phone-context=x', { scheme: 'tel', opaque: '+46101' }],
    ['H323:anna@norr.example', { scheme: 'h323', opaque: 'anna@norr.example' }],
    ['urn:service:sos', { scheme: 'urn', opaque: 'service:sos' }],
    ['sip:a@h;lr?x=y', { scheme: 'sip', opaque: 'a@h', headers: 'x=y' }],
  ])('reads %s', (text, parts) => expect(parseUri(text)).toMatchObject(parts));
  it.each(['', 'x', ':x', '1x:y', 'x:', 'x y:z', 'tel:+46 101', 'tel:1;;a'])('refuses %j', (text) =>
    expect(parseUri(text)).toBeUndefined(),
  );
});

// RFC 3261 §19.1.4 lists pairs that are equal and pairs that are not; these are made after its rules.
describe('equality', () => {
  const same = (a: string, b: string) => {
    const [left, right] = [parseSipUri(a), parseSipUri(b)];
    if (!left || !right) throw new Error('not a URI');
    return sameUri(left, right);
  };

  it.each([
    ['sip:%61nna@Norr.Example;transport=TCP', 'sip:anna@norr.example;Transport=tcp'],
    ['sip:anna@norr.example', 'sip:anna@norr.example;unknown=5'],
    ['sip:anna@norr.example;a=1;b=2', 'sip:anna@norr.example;b=2;a=1'],
    ['sip:h;transport=tcp?to=sip:bob%40h&subject=x', 'sip:h;transport=tcp?Subject=x&To=sip:bob%40h'],
    ['sip:a@[2001:db8::1]', 'sip:a@[2001:DB8:0:0::0001]'],
  ])('%s = %s', (a, b) => {
    expect(same(a, b)).toBe(true);
    expect(uriKey(a)).toBe(uriKey(b));
  });

  it.each([
    ['sip:anna@h', 'sip:ANNA@h'],
    ['sip:anna@h', 'sips:anna@h'],
    ['sip:anna@h', 'sip:anna@h:5060'],
    ['sip:anna@h', 'sip:anna@h;transport=udp'],
    ['sip:anna@h', 'sip:anna@h;user=phone'],
    ['sip:anna@h', 'sip:anna:pw@h'],
    ['sip:anna@h', 'sip:anna@h?subject=x'],
    ['sip:a%40b@h', 'sip:a%2540b@h'],
    ['sip:h', 'sip:anna@h'],
    ['sip:anna@h?subject=x', 'sip:anna@h?subject=y'],
  ])('%s is not %s', (a, b) => {
    expect(same(a, b)).toBe(false);
    expect(uriKey(a)).not.toBe(uriKey(b));
  });

  it('tells parameters apart that both have; the key, by its nature, cannot', () => {
    expect(same('sip:a@h;x=1', 'sip:a@h;x=2')).toBe(false);
    expect(uriKey('sip:a@h;x=1')).toBe(uriKey('sip:a@h;x=2'));
  });

  it('is the text itself for other schemes', () => expect(uriKey('tel:+46101')).toBe('tel:+46101'));
});

describe('userText', () => {
  it('resolves every escape, and leaves broken ones', () => expect(userText('sips%3Auser%40x%2%zz')).toBe('sips:user@x%2%zz'));
});
