import { describe, expect, it } from 'vitest';
import {
  formatChallenge,
  formatCredentials,
  parseChallenge,
  parseCredentials,
} from '../../../../src/gatekeeper/sip/message/auth-header.js';
import { canonicalName, displayName } from '../../../../src/gatekeeper/sip/message/header-names.js';
import { splitList } from '../../../../src/gatekeeper/sip/message/list.js';
import { parseNameAddr } from '../../../../src/gatekeeper/sip/message/name-addr.js';
import { formatVia, parseVia, type Via } from '../../../../src/gatekeeper/sip/message/via.js';

describe('parseVia', () => {
  it.each([
    [
      'SIP/2.0/UDP h;branch=z9hG4bK1',
      { transport: 'udp', host: 'h', port: undefined, branch: 'z9hG4bK1', received: undefined, rport: undefined },
    ],
    [
      'sip / 2.0 / tcp  H.Example : 5070 ; RPORT ; Branch = x',
      { transport: 'tcp', host: 'h.example', port: 5070, branch: 'x', rport: true },
    ],
    ['SIP/2.0/UDP h;rport=5062;received=10.0.0.1', { rport: 5062, received: '10.0.0.1', branch: '' }],
  ])('reads %s', (text, parts) => expect(parseVia(text)).toMatchObject(parts));

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/3.0/UDP h',
    'SIP/2.0 UDP h',
    'HTTP/2.0/UDP h',
    'SIP/2.0/ h',
    'SIP/2.0/UDP h:0',
    'SIP/2.0/UDP h:99999',
    'SIP/2.0/UDP h;;x',
    'SIP/2.0/UDP h;branch',
    'SIP/2.0/UDP h;branch=a;branch=b',
    'SIP/2.0/UDP h;rport=0',
    'SIP/2.0/UDP h;rport=x',
    'SIP/2.0/UDP h;received=a;received=b',
    'SIP/2.0/UDP h x',
    'SIP/2.0/UDP [::1',
    'SIP/2.0/UDP h;x="',
  ])('refuses %j', (text) => expect(parseVia(text)).toBeUndefined());

  it('is written with received and rport filled in, the other parameters as they were', () => {
    const via = parseVia('SIP/2.0/udp [2001:DB8::1]:5060;rport;branch=z9hG4bK1;ttl=5;x') as Via;
    const filled: Via = { ...via, transport: via.transport, params: via.params, received: '2001:db8::9', rport: 4711 };
    expect(formatVia(filled)).toBe('SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;received=2001:db8::9;rport=4711;ttl=5;x');
  });
});

describe('parseNameAddr', () => {
  it.each([
    ['<sip:a@b>', { display: '', uri: 'sip:a@b', tag: undefined }],
    ['"A \\"q\\" \\\\ B" <sip:a@b;x?y=z>;tag=1', { display: 'A "q" \\ B', uri: 'sip:a@b;x?y=z', tag: '1' }],
    ['Sal 3 (Norr) <sip:a@b>', { display: 'Sal 3 (Norr)' }],
    ['\xc3\x85sa <sip:a@b>', { display: '\xc3\x85sa' }],
    ['anna@norr.example <sip:a@b>', { display: 'anna@norr.example' }],
    ['sip:a@b ; tag = 1', { uri: 'sip:a@b', tag: '1' }],
    ['sip:a@b;x="<sip:c@d>"', { uri: 'sip:a@b' }],
    ['""<sip:a@b>', { display: '' }],
  ])('reads %s', (text, parts) => expect(parseNameAddr(text)).toMatchObject(parts));

  it.each([
    '',
    '<>',
    '<a>',
    '<sip:>',
    '<sip:a',
    'sip:a>',
    'a, b <sip:a@b>',
    'a" <sip:a@b>',
    '"a <sip:a@b>',
    '"a" sip:a@b',
    '< sip:a@b>',
    '<sip:a@b >',
    '<sip:a@b> x',
    '<sip:a@b>;',
    '<sip:a@b>;=x',
    '<sip:a@b>;tag',
    '<sip:a@b>;tag=',
    '<sip:a@b>;tag=1;TAG=2',
    'sip:a@b?x=y',
    'sip:a@b,sip:c@d',
    'anna',
    '<sip:a@b>;x="',
    'a\x01 <sip:a@b>',
  ])('refuses %j', (text) => expect(parseNameAddr(text)).toBeUndefined());

  it('collects parameters, quoted values without their quotes', () => {
    const params = parseNameAddr('<sip:a@b>;Expires=5;+sip.instance="<urn:uuid:1>";ob;expires=6')?.params;
    expect([...(params ?? [])]).toEqual([
      ['expires', '5'],
      ['+sip.instance', '<urn:uuid:1>'],
      ['ob', true],
    ]);
  });
});

describe('credentials and challenges', () => {
  it('are read', () => {
    const read = parseCredentials('Digest username="a \\"b\\"", Realm=x,nc=00000001 , uri="sip:h;a=b,c"');
    expect(read?.scheme).toBe('digest');
    expect([...(read?.params ?? [])]).toEqual([
      ['username', 'a "b"'],
      ['realm', 'x'],
      ['nc', '00000001'],
      ['uri', 'sip:h;a=b,c'],
    ]);
  });

  it.each([
    '',
    'Digest',
    'Digest ',
    'Digest x',
    'Digest x=',
    'Digest x="',
    'Digest x=1,',
    'Digest x=1 y=2',
    'Digest x=1,X=2',
    'Digest =1',
    'Basic YTpi',
  ])('are refused: %j', (text) => expect(parseChallenge(text)).toBeUndefined());

  it('are written with quotes where they belong', () => {
    const params = [
      ['realm', 'a "b"'],
      ['nonce', 'n'],
      ['qop', 'auth'],
      ['algorithm', 'SHA-256'],
      ['stale', 'true'],
    ] as const;
    const text = formatChallenge('Digest', params);
    expect(text).toBe('Digest realm="a \\"b\\"",nonce="n",qop="auth",algorithm=SHA-256,stale=true');
    expect([...(parseChallenge(text)?.params ?? [])]).toEqual(params.map(([name, value]) => [name, value]));
    expect(formatCredentials('Digest', [['qop', 'auth']])).toBe('Digest qop=auth');
  });
});

describe('lists', () => {
  it.each([
    ['a', ['a']],
    ['a, b ,c', ['a', 'b', 'c']],
    ['"a,b",<c,d>;x="y,\\",z", e', ['"a,b"', '<c,d>;x="y,\\",z"', 'e']],
    [',, a,', ['a']],
    ['', []],
    ['"never closed, a', ['"never closed, a']],
    ['<never closed, a', ['<never closed, a']],
  ])('%s', (text, values) => expect(splitList(text)).toEqual(values));
});

describe('header names', () => {
  it.each([
    ['v', 'via'],
    ['V', 'via'],
    ['VIA', 'via'],
    ['vIa', 'via'],
    ['i', 'call-id'],
    ['x', 'session-expires'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['X-Anything', 'x-anything'],
  ])('%s is %s', (written, long) => {
    expect(canonicalName(written)).toBe(long);
    expect(canonicalName(written)).toBe(long);
  });

  it.each(['', 'a b', 'a:', 'å'])('%j is none', (name) => expect(canonicalName(name)).toBeUndefined());

  it('are right however many have been met', () => {
    for (let i = 0; i < 5000; i++) expect(canonicalName(`X-Flood-${i}`)).toBe(`x-flood-${i}`);
    expect(canonicalName('CSEQ')).toBe('cseq');
  });

  it('are written as the RFCs do', () => {
    expect(['via', 'call-id', 'cseq', 'www-authenticate', 'x-own-header', 'min-se'].map(displayName)).toEqual([
      'Via',
      'Call-ID',
      'CSeq',
      'WWW-Authenticate',
      'X-Own-Header',
      'Min-SE',
    ]);
  });
});
