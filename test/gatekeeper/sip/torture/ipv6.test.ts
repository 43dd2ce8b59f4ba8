import { describe, expect } from 'vitest';
import { parseSipUri } from '../../../../src/gatekeeper/sip/message/uri.js';
import { inspectSdp, sdpOf } from '../../../../src/gatekeeper/sip/sdp-policy.js';
import { firstContact, headers, message, torture } from './torture-case.js';

const register = (uri: string, more?: Parameters<typeof headers>[1]) => message([`REGISTER ${uri} SIP/2.0`, ...headers('REGISTER', more)]);

describe('RFC 5118, IPv6', () => {
  torture([
    {
      name: '4.1: an IPv6 reference in the Request-URI and the Via',
      message: register('sip:[2001:db8::10]', {
        Via: 'SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111',
        Contact: '"Caller" <sip:caller@[2001:db8::1]>',
      }),
      request: (request) => {
        expect(request.sipUri).toMatchObject({ host: '2001:db8::10', port: undefined });
        expect(request.via).toMatchObject({ host: '2001:db8::9:1', port: undefined });
      },
    },
    { name: '4.2: an IPv6 address without brackets in the Request-URI', message: register('sip:2001:db8::10'), refused: 400 },
    {
      name: '4.3: a port that looks like the address’s last group is the address’s',
      message: register('sip:[2001:db8::10:5070]'),
      request: (request) => expect(request.sipUri).toMatchObject({ host: '2001:db8::10:5070', port: undefined }),
    },
    {
      name: '4.4: and after the bracket it is the port',
      message: register('sip:[2001:db8::10]:5070'),
      request: (request) => expect(request.sipUri).toMatchObject({ host: '2001:db8::10', port: 5070 }),
    },
    ...['[2001:db8::9:255]', '2001:db8::9:255'].map((received) => ({
      name: `4.5: received=${received}, brackets or not`,
      message: message([
        'BYE sip:[2001:db8::10] SIP/2.0',
        ...headers('BYE', { Via: `SIP/2.0/UDP [2001:db8::9:1]:5061;received=${received};branch=z9hG4bKas3-111` }),
      ]),
      request: (request: { via: unknown }) =>
        expect(request.via).toMatchObject({ host: '2001:db8::9:1', port: 5061, received: '2001:db8::9:255', branch: 'z9hG4bKas3-111' }),
    })),
    {
      name: '4.6: addresses in SDP are written without brackets',
      message: message(
        ['INVITE sip:user@[2001:db8::10] SIP/2.0', ...headers('INVITE', { 'Content-Type': 'application/sdp' })],
        'v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\nt=0 0\r\nm=audio 6000 RTP/SAVP 97\r\n',
      ),
      request: (request) => expect(inspectSdp(sdpOf(request) ?? '')).toMatchObject({ problem: undefined, media: [{ port: 6000 }] }),
    },
    {
      name: '4.7: several addresses in a message',
      message: message([
        'BYE sip:user@host.example.net SIP/2.0',
        ...headers('BYE', {
          Via: [
            'SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111',
            'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144;received=192.0.2.1',
          ],
        }),
      ]),
      request: (request) => expect(request.list('via')).toHaveLength(2),
    },
    {
      name: '4.8: both families in SDP',
      message: message(
        ['INVITE sip:user@[2001:db8::10] SIP/2.0', ...headers('INVITE', { 'Content-Type': 'application/sdp' })],
        'v=0\r\ns=-\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\n',
      ),
      request: (request) => expect(inspectSdp(sdpOf(request) ?? '').media.map((line) => line.port)).toEqual([22334, 6024]),
    },
    {
      name: '4.9: an IPv4-mapped address',
      message: message([
        'INVITE sip:user@example.com SIP/2.0',
        ...headers('INVITE', { Via: 'SIP/2.0/UDP [::ffff:192.0.2.2]:5060;branch=z9hG4bKb', Contact: '<sip:user@[::ffff:192.0.2.10]>' }),
      ]),
      request: (request) => {
        expect(request.via).toMatchObject({ host: '::ffff:192.0.2.2', port: 5060 });
        const contact = firstContact(request);
        expect(parseSipUri(contact.uri)?.host).toBe('::ffff:192.0.2.10');
      },
    },
    {
      name: '4.10: a delimiter too many in an IPv6 reference',
      message: register('sip:[2001:db8:::192.0.2.1]'),
      refused: 400,
    },
  ]);
});
