import { describe, expect, it } from 'vitest';
import { Here } from '../../../../src/gatekeeper/sip/here.js';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';
import { addRecordRoute, isOwnRoute, popOwnRoutes, RouteTokens } from '../../../../src/gatekeeper/sip/proxy/record-route.js';

const here = new Here([
  { transport: 'udp', address: '127.0.0.1', port: 5060 },
  { transport: 'tls', address: '127.0.0.1', port: 5061, advertised: { host: 'sip.portvakt.example', port: undefined } },
]);
const keys = (secret: string) => new PurposeKeys(() => Buffer.from(secret), 'call-routes');
const tokens = new RouteTokens(keys('a secret of this test, 32 bytes!'));
const request = (...headers: [string, string][]) =>
  SipRequest.create('INVITE', 'sip:461020001@norr.example', [['Call-ID', 'call-1'], ...headers]);

describe('Record-Route', () => {
  it('is one value when both sides are alike, and two across transports (RFC 5658)', () => {
    const udp = { transport: 'udp', local: { address: '127.0.0.1', port: 5060 } } as const;
    const tls = { transport: 'tls', local: { address: '127.0.0.1', port: 5061 } } as const;
    const same = request();
    addRecordRoute(same, here, udp, udp, 'key-mac');
    expect(same.list('record-route')).toEqual(['<sip:127.0.0.1:5060;lr;pv=key-mac>']);
    const across = request();
    addRecordRoute(across, here, udp, tls, 'key-mac');
    expect(across.list('record-route')).toEqual([
      '<sip:sip.portvakt.example:5061;transport=tls;lr;pv=key-mac>',
      '<sip:127.0.0.1:5060;lr;pv=key-mac>',
    ]);
    expect(across.list('record-route').every((value) => isOwnRoute(value, 'key'))).toBe(true);
    expect(isOwnRoute('<sip:127.0.0.1:5060;lr;pv=other-mac>', 'key')).toBe(false);
  });

  it('gives the key back from a Route, with both values taken away and the next one left', () => {
    const token = tokens.make('c1', 'call-1');
    const incoming = request(
      ['Route', `<sip:127.0.0.1:5060;lr;pv=${token}>, <sip:sip.portvakt.example:5061;transport=tls;lr;pv=${token}>`],
      ['Route', '<sip:10.0.0.9;lr>'],
    );
    const routes = popOwnRoutes(incoming, here, tokens);
    expect(routes).toMatchObject({ key: 'c1', ok: true, popped: true, next: { uri: { host: '10.0.0.9' } } });
    expect(incoming.list('route')).toEqual(['<sip:10.0.0.9;lr>']);
  });

  it('knows no token of another call, a changed one, or one with another secret', () => {
    const token = tokens.make('c1', 'call-1');
    expect(tokens.read(token, 'call-1')).toBe('c1');
    expect(tokens.read(token, 'call-2')).toBeUndefined();
    expect(tokens.read(`c2${token.slice(2)}`, 'call-1')).toBeUndefined();
    expect(tokens.read('c1-', 'call-1')).toBeUndefined();
    expect(new RouteTokens(keys('another')).read(token, 'call-1')).toBeUndefined();
  });

  it('takes a value of another instance off: by its token whatever its host is, by its address on top alone', () => {
    const fellows = { is: (host: string, port: number | undefined) => host === '10.0.0.2' && port === 5060 };
    const token = tokens.make('c1', 'call-1');
    const other = tokens.make('c2', 'call-1');
    const pop = (...routes: string[]) => {
      const incoming = request(...routes.map((route) => ['Route', `<sip:${route}>`] as [string, string]));
      return { ...popOwnRoutes(incoming, here, tokens, fellows), left: incoming.list('route') };
    };
    expect(pop(`10.0.0.9:5060;lr;pv=${token}`, `10.0.0.9:5062;lr;pv=${token}`, '10.0.0.8;lr')).toMatchObject({
      key: 'c1',
      left: ['<sip:10.0.0.8;lr>'],
    });
    expect(pop('10.0.0.9;lr;pv=c1-0123456789abcdef')).toMatchObject({ key: undefined, popped: false });
    expect(pop('10.0.0.2:5060;lr', '10.0.0.2:5060;transport=tcp;lr')).toMatchObject({ key: undefined, popped: true, left: [] });
    // An order to pass something on is not the call's route.
    expect(pop('10.0.0.2:5060;lr;pvf=x')).toMatchObject({ popped: false });
    // A call that passes two instances: the other's turn is next.
    expect(pop(`127.0.0.1:5060;lr;pv=${token}`, `10.0.0.2:5060;lr;pv=${other}`)).toMatchObject({
      key: 'c1',
      next: { uri: { host: '10.0.0.2' } },
    });
    expect(pop('127.0.0.1:5060;lr', `10.0.0.2:5060;lr;pv=${other}`)).toMatchObject({ key: undefined, next: { uri: { host: '10.0.0.2' } } });
    expect(pop(`127.0.0.1:5060;lr;pv=${token}`, '10.0.0.2:5060;lr')).toMatchObject({ key: 'c1', next: { uri: { host: '10.0.0.2' } } });
    expect(pop(`10.0.0.2:5060;lr;pv=${token};pvr=told`)).toMatchObject({ key: 'c1', relay: 'told' });
  });

  it('says when a Route cannot be read', () => {
    expect(popOwnRoutes(request(['Route', '<sip:']), here, tokens).ok).toBe(false);
  });
});
