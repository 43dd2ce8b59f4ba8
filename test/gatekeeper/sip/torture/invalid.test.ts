import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import { headers, message, torture } from './torture-case.js';

const options = (more?: Parameters<typeof headers>[1]) => message(['OPTIONS sip:user@example.com SIP/2.0', ...headers('OPTIONS', more)]);

// RFC 4475 §3.1.2: each breaks the grammar in one place.
describe('RFC 4475 §3.1.2, invalid messages', () => {
  torture([
    {
      name: 'badinv01: separators with nothing between them',
      message: message([
        'INVITE sip:user@example.com SIP/2.0',
        ...headers('INVITE', { To: 'sip:j.user@example.com;;,;,,', Contact: '"Joe" <sip:joe@example.org>;;;;' }),
      ]),
      refused: 400,
    },
    {
      name: 'badinv01, in the top Via: nothing to answer to',
      message: message(['INVITE sip:user@example.com SIP/2.0', ...headers('INVITE', { Via: 'SIP/2.0/UDP 192.0.2.15;;,;,,' })]),
      dropped: true,
    },
    {
      name: 'clerr: Content-Length is more than the datagram has',
      message: `${options({ 'Content-Length': '9999' })}v=0\r\n`,
      refused: 400,
    },
    { name: 'ncl: a negative Content-Length', message: options({ 'Content-Length': '-999' }), refused: 400 },
    {
      name: 'scalar02: CSeq above 2^32',
      message: message(['REGISTER sip:example.com SIP/2.0', ...headers('REGISTER', { CSeq: '36893488147419103232 REGISTER' })]),
      refused: 400,
    },
    { name: 'scalar02: CSeq of 2^31 (RFC 3261 §8.1.1.5)', message: options({ CSeq: '2147483648 OPTIONS' }), refused: 400 },
    { name: 'scalar02: Max-Forwards above 255', message: options({ 'Max-Forwards': '300' }), refused: 400 },
    {
      name: 'scalarlg: a response with CSeq and others too large',
      message: message([
        'SIP/2.0 503 Service Unavailable',
        ...headers('OPTIONS', { CSeq: '9292394834772304023312 OPTIONS', 'Retry-After': '949302838503028349304023988' }),
      ]),
      dropped: true,
    },
    {
      name: 'quotbal: a display name whose quote never closes',
      message: options({ To: '"Mr. J. User <sip:j.user@example.com>' }),
      refused: 400,
    },
    {
      name: 'ltgtruri: a Request-URI in angle brackets',
      message: message(['INVITE <sip:user@example.com> SIP/2.0', ...headers('INVITE')]),
      refused: 400,
    },
    {
      name: 'lwsruri: a blank inside the Request-URI',
      message: message(['INVITE sip:user@example.com; lr SIP/2.0', ...headers('INVITE')]),
      refused: 400,
    },
    {
      name: 'lwsstart: several blanks between the parts of the first line',
      message: message(['INVITE  sip:user@example.com  SIP/2.0', ...headers('INVITE')]),
      refused: 400,
    },
    {
      name: 'trws: a blank after the version',
      message: message(['OPTIONS sip:remote-target@example.com SIP/2.0  ', ...headers('OPTIONS')]),
      refused: 400,
    },
    {
      name: 'escruri: headers in the Request-URI',
      message: message(['INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0', ...headers('INVITE')]),
      refused: 400,
    },
    {
      name: 'baddate: a Date that is not GMT is left to who needs it',
      message: options({ Date: 'Fri, 01 Jan 2010 16:00:00 EST' }),
      request: (request) => expect(request.get('date')).toBe('Fri, 01 Jan 2010 16:00:00 EST'),
    },
    {
      name: 'regbadct: headers in a Contact URI without brackets are seen when the Contact is read',
      message: message([
        'REGISTER sip:example.com SIP/2.0',
        ...headers('REGISTER', { Contact: 'sip:user@example.com?Route=%3Csip:sip.example.com%3E' }),
      ]),
      request: (request) => expect(() => request.contacts).toThrow(/Contact/),
    },
    { name: 'badaspec: blanks inside <>', message: options({ To: '"Watson, Thomas" < sip:t.watson@example.org >' }), refused: 400 },
    {
      name: 'baddn: a comma in an unquoted display name',
      message: options({ From: 'Bell, Alexander <sip:a.g.bell@example.com>;tag=43' }),
      refused: 400,
    },
    {
      name: 'badvers: another version of SIP',
      message: message(['OPTIONS sip:t.watson@example.org SIP/7.0', ...headers('OPTIONS')]),
      refused: 505,
    },
    { name: 'mismatch01: CSeq names another method', message: options({ CSeq: '8 INVITE' }), refused: 400 },
    {
      name: 'mismatch02: so it does, for a method nobody knows',
      message: message(['NEWMETHOD sip:user@example.com SIP/2.0', ...headers('NEWMETHOD', { CSeq: '8 INVITE' })]),
      refused: 400,
    },
    {
      name: 'bigcode: a status that wraps around to 5 in 32 bits',
      message: message(['SIP/2.0 4294967301 better not break the receiver', ...headers('INVITE')]),
      dropped: true,
    },
  ]);

  it('says what is wrong in words', () => {
    const result = parseMessage(options({ CSeq: '8 INVITE' }));
    expect(result.ok ? '' : result.error.message).toBe('The method in CSeq is not the method of the request');
  });
});
