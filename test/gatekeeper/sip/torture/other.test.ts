import { describe, expect } from 'vitest';
import { parseCredentials } from '../../../../src/gatekeeper/sip/message/auth-header.js';
import { parseSipUri, parseUri } from '../../../../src/gatekeeper/sip/message/uri.js';
import { inspectSdp, judgeOffer, sdpOf } from '../../../../src/gatekeeper/sip/sdp-policy.js';
import { firstContact, headers, message, torture } from './torture-case.js';

const request = (start: string, more?: Parameters<typeof headers>[1], body = '') =>
  message([`${start} SIP/2.0`, ...headers(start.slice(0, start.indexOf(' ')), more)], body);

describe('RFC 4475 §3.2, transaction layer', () => {
  torture([
    {
      name: 'badbranch: a branch that is the magic cookie and nothing more',
      message: request('OPTIONS sip:user@example.com', { Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK' }),
      request: (read) => expect(read.via.branch).toBe('z9hG4bK'),
    },
  ]);
});

// RFC 4475 §3.3: well-formed, or nearly; what they ask for is refused by the proxy or the registrar, who must be able to read them.
describe('RFC 4475 §3.3, application layer', () => {
  torture([
    {
      name: 'insuf: Call-ID, From and To are missing',
      message: request('INVITE sip:user@example.com', { 'Call-ID': undefined, From: undefined, To: undefined }),
      refused: 400,
    },
    {
      name: 'unkscm: a scheme nobody knows in the Request-URI',
      message: request('OPTIONS nobodyKnowsThisScheme:totallyopaquecontent'),
      request: (read) => {
        expect(read.sipUri).toBeUndefined();
        expect(parseUri(read.uri)).toMatchObject({ scheme: 'nobodyknowsthisscheme', opaque: 'totallyopaquecontent' });
      },
    },
    {
      name: 'novelsc: a registered scheme that has nothing to do with SIP',
      message: request('OPTIONS soap.beep://192.0.2.103:3002'),
      request: (read) => expect(parseUri(read.uri)?.scheme).toBe('soap.beep'),
    },
    {
      name: 'unksm2: unknown schemes in To, From and Contact',
      message: request('REGISTER sip:example.com', {
        To: 'isbn:2983792873',
        From: '<http://www.example.com>;tag=3234233',
        Contact: '<name:John_Smith>',
      }),
      request: (read) => {
        expect(read.to.uri).toBe('isbn:2983792873');
        expect(read.from.uri).toBe('http://www.example.com');
        expect(read.contacts).toMatchObject([{ uri: 'name:John_Smith' }]);
        expect(parseSipUri(read.to.uri)).toBeUndefined();
      },
    },
    {
      name: 'bext01: options in Require and Proxy-Require that nobody supports',
      message: request('OPTIONS sip:user@example.com', {
        Require: 'nothingSupportsThis, nothingSupportsThisEither',
        'Proxy-Require': 'noProxiesSupportThis, norDoAnyProxiesSupportThis',
      }),
      request: (read) => expect(read.list('proxy-require')).toEqual(['noProxiesSupportThis', 'norDoAnyProxiesSupportThis']),
    },
    {
      name: 'invut: a body of a type nobody knows',
      message: request('INVITE sip:user@example.com', { 'Content-Type': 'application/unknownformat' }, '<audio>\r\n</audio>\r\n'),
      request: (read) => {
        expect(read.body).toBe('<audio>\r\n</audio>\r\n');
        expect(sdpOf(read)).toBeUndefined();
      },
    },
    {
      name: 'regaut01: an authentication scheme nobody knows',
      message: request('REGISTER sip:example.com', { Authorization: 'NoOneKnowsThisScheme opaque-data=here' }),
      request: (read) => expect(parseCredentials(read.get('authorization') ?? '')?.scheme).toBe('nooneknowsthisscheme'),
    },
    ...(
      [
        ['CSeq', ['5 INVITE', '59 INVITE']],
        ['Call-ID', ['multi01.1@192.0.2.1', 'multi01.2@192.0.2.1']],
        ['Max-Forwards', ['70', '5']],
        ['To', ['<sip:user@example.com>', '<sip:other@example.net>']],
        ['From', ['<sip:a@example.net>;tag=1', '<sip:b@example.net>;tag=2']],
        ['Content-Type', ['application/sdp', 'text/plain']],
      ] as const
    ).map(([name, values]) => ({
      name: `multi01: two ${name} headers`,
      message: request('INVITE sip:user@example.com', { [name]: values }),
      refused: 400,
    })),
    {
      name: 'mcl01: two Content-Length headers that differ',
      message: request('OPTIONS sip:user@example.com', { 'Content-Length': ['13', '5'] }, 'hello'),
      refused: 400,
    },
    {
      name: 'bcast: a response with a broadcast address in its second Via is a response like any other to the parser',
      message: message([
        'SIP/2.0 200 OK',
        ...headers('INVITE', {
          Via: ['SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923', 'SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23'],
        }),
      ]),
      response: (read) => expect(read.via.host).toBe('192.0.2.198'),
    },
    {
      name: 'zeromf: Max-Forwards is 0',
      message: request('OPTIONS sip:user@example.com', { 'Max-Forwards': '0' }),
      request: (read) => expect(read.maxForwards).toBe(0),
    },
    {
      name: 'cparam01: without brackets a parameter is the header’s',
      message: request('REGISTER sip:example.com', { Contact: 'sip:+19725552222@gw1.example.net;unknownparam' }),
      request: (read) => {
        const contact = firstContact(read);
        expect(contact).toMatchObject({ uri: 'sip:+19725552222@gw1.example.net' });
        expect(contact.params.get('unknownparam')).toBe(true);
      },
    },
    {
      name: 'cparam02: with brackets it is the URI’s',
      message: request('REGISTER sip:example.com', { Contact: '<sip:+19725552222@gw1.example.net;unknownparam>' }),
      request: (read) => expect(read.contacts).toMatchObject([{ uri: 'sip:+19725552222@gw1.example.net;unknownparam' }]),
    },
    {
      name: 'regescrt: a Contact URI with an escaped Route header in it',
      message: request('REGISTER sip:example.com', { Contact: '<sip:user@example.com?Route=%3Csip:sip.example.com%3E>' }),
      request: (read) => {
        const contact = firstContact(read);
        expect(parseSipUri(contact.uri)?.headers).toBe('Route=%3Csip:sip.example.com%3E');
      },
    },
    {
      name: 'sdp01: an Accept that leaves out SDP',
      message: request(
        'INVITE sip:user@example.com',
        { Accept: 'text/nobodyKnowsThis', 'Content-Type': 'application/sdp' },
        'v=0\r\nm=audio 4 RTP/AVP 0\r\n',
      ),
      request: (read) => {
        expect(read.list('accept')).toEqual(['text/nobodyKnowsThis']);
        expect(judgeOffer(inspectSdp(sdpOf(read) ?? ''))).toBe('mediaNotEncrypted');
      },
    },
  ]);
});

describe('RFC 4475 §3.4, backward compatibility', () => {
  torture([
    {
      name: 'inv2543: no branch, no tag, no Max-Forwards',
      message: message(
        [
          'INVITE sip:UserB@example.com SIP/2.0',
          'Via: SIP/2.0/UDP iftgw.example.com',
          'From: <sip:+13035551111@ift.client.example.net;user=phone>',
          'Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>',
          'To: sip:+16505552222@ss1.example.net;user=phone',
          'Call-ID: inv2543.1717@ift.client.example.com',
          'CSeq: 56 INVITE',
          'Content-Type: application/sdp',
        ],
        'v=0\r\n',
      ),
      request: (read) => {
        expect(read.via.branch).toBe('');
        expect(read.from.tag).toBeUndefined();
        expect(read.maxForwards).toBeUndefined();
        expect(read.body).toBe('v=0\r\n');
      },
    },
  ]);
});
