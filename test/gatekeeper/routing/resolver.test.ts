import { describe, expect, it } from 'vitest';
import { prefixKey } from '../../../src/gatekeeper/plan/normalise.js';
import type { Resolution, Step } from '../../../src/gatekeeper/routing/route.js';
import { summary, World } from './world.js';

function detailOf(resolution: Resolution): string | undefined {
  return resolution.outcome === 'refused' ? resolution.detail : undefined;
}

/** The first peer of a priority whatever its weight. */
const first = { random: () => 0 };

describe('resolve: hosted endpoints', () => {
  const world = new World().register('461010001', 'region-norr', 'norr').register('anna@norr.example', 'region-norr', 'norr');

  it.each([
    '461010001',
    '+461010001',
    '00461010001',
    ' +46 101 00 01 ',
    '+46-101-0001',
    '46.101.0001',
    'tel:+46-101-0001',
    'sip:461010001@norr.example',
    'SIPS:+461010001@NORR.EXAMPLE.;transport=tls',
    '461010001@norr.example',
    '0001@norr.example',
    'h323:461010001@norr.example',
    '"Anna" <sip:+461010001@norr.example>;tag=1',
    'sip:461010001@gatekeeper.example',
    'sip:461010001@127.0.0.1:5060;user=phone',
    'sip:461010001@[2001:DB8::1]',
  ])('%s is the endpoint registered as 461010001', (dialled) => {
    const ownHosts = new Set(['gatekeeper.example', '127.0.0.1', '2001:db8::1']);
    const resolution = world.call(dialled, 'region-syd', { ownHosts });
    expect(summary(resolution)).toBe('registration 461010001 in norr');
    expect(resolution).toMatchObject({
      key: '461010001',
      alias: { kind: 'number', number: '461010001' },
      organisation: { id: 'region-norr' },
    });
  });

  it.each([
    'anna@norr.example',
    'sip:Anna@Norr.example',
    'h323:ANNA@norr.example',
    '<sips:anna@norr.example:5061>',
    'sip:%61nna@norr.example',
  ])('%s is the endpoint registered as anna@norr.example', (dialled) => {
    expect(summary(world.call(dialled, 'region-syd'))).toBe('registration anna@norr.example in norr');
  });

  it('says who is missing when the address is right and nobody is registered', () => {
    const resolution = world.call('461010002', 'region-syd');
    expect(resolution).toMatchObject({ outcome: 'refused', refusal: 'calleeNotRegistered', organisation: { id: 'region-norr' } });
    expect(detailOf(resolution)).toBe('No endpoint is registered as 461010002 in zone norr');
    expect(summary(world.call('bertil@norr.example'))).toBe('refused calleeNotRegistered');
  });

  it('reaches an H.323 registration from SIP as any other', () => {
    const mixed = new World().register('461010007', 'region-norr', 'norr', 'h323');
    expect(summary(mixed.call('461010007', 'region-syd'))).toBe('registration 461010007 in norr');
  });

  it('does not send calls to a registration from before the number changed hands', () => {
    const moved = new World().register('461020001', 'region-norr', 'norr');
    expect(summary(moved.call('461020001'))).toBe('refused calleeNotRegistered');
  });
});

describe('resolve: short forms', () => {
  const world = new World().register('461010001', 'region-norr', 'norr').register('anna@norr.example', 'region-norr', 'norr');

  it('expands an extension inside its own organisation only', () => {
    expect(summary(world.call('0001'))).toBe('registration 461010001 in norr');
    expect(summary(world.call('sip:0001@here', 'region-norr', { ownHosts: new Set(['here']) }))).toBe('registration 461010001 in norr');
    expect(summary(world.call('0001', 'vardbolaget', first))).toMatch(/^peer 463010001 at/);
    expect(summary(world.call('0001', 'kommun-ost'))).toBe('refused addressUnknown');
    expect(summary(world.call('0001', 'internet'))).toBe('refused addressUnknown');
  });

  it('asks for the whole number where two series have extensions of that length', () => {
    const resolution = world.call('0001', 'region-syd');
    expect(summary(resolution)).toBe('refused addressIncomplete');
    expect(detailOf(resolution)).toContain('dial the whole number');
  });

  it('takes a name for a user of the caller’s own domain, if that is registered', () => {
    expect(summary(world.call('anna'))).toBe('registration anna@norr.example in norr');
    expect(summary(world.call('sip:anna@here', 'region-norr', { ownHosts: new Set(['here']) }))).toBe(
      'registration anna@norr.example in norr',
    );
    expect(summary(world.call('anna', 'region-syd'))).toBe('refused addressUnknown');
  });

  it('finds an H.323-ID wherever it is registered', () => {
    const rooms = new World().register('room 3', 'region-syd', 'syd', 'h323');
    expect(summary(rooms.call('Room  3'))).toBe('registration room 3 in syd');
    expect(rooms.call('h323:room%203')).toMatchObject({ organisation: { id: 'region-syd' } });
  });
});

describe('resolve: numbers that fit no series', () => {
  const world = new World();

  it('names the right length', () => {
    expect(detailOf(world.call('46101000', 'region-syd'))).toBe('46101000 has 8 digits, 1 too few: numbers that begin with 46101 have 9');
    expect(detailOf(world.call('4610100012', 'region-syd'))).toBe(
      '4610100012 has 10 digits, 1 too many: numbers that begin with 46101 have 9',
    );
    expect(world.call('46101000')).toMatchObject({ refusal: 'addressIncomplete', organisation: { id: 'region-norr' } });
  });

  it('says when nobody has such numbers', () => {
    expect(summary(world.call('47123456'))).toBe('refused addressUnknown');
    expect(detailOf(world.call('47123456'))).toBe('No number series of the plan begins like 47123456');
  });

  it.each(['', ' ', '<', 'sip:', 'mailto:a@b.example', '@', '\u0000', '4'.repeat(300)])('cannot read %j', (dialled) => {
    expect(summary(world.call(dialled))).toBe('refused addressUnreadable');
  });

  it('cannot read our own host without a user', () => {
    const ownHosts = new Set(['127.0.0.1']);
    expect(summary(world.call('sip:127.0.0.1', 'region-norr', { ownHosts }))).toBe('refused addressUnreadable');
  });
});

describe('resolve: trunks', () => {
  const ids = (world: World): string[] => {
    const zone = world.plan.zones.get('vardbolaget');
    return zone?.kind === 'sip-trunk' ? zone.peers.map((peer) => peer.id) : [];
  };

  it('offers peers by priority, and inside one by weight (RFC 2782)', () => {
    const world = new World();
    expect(summary(world.call('463010001', 'region-norr', { random: () => 0.999 }))).toBe(
      'peer 463010001 at 127.0.0.1, peer 463010001 at 192.0.2.72, peer 463010001 at 2001:db8::72',
    );
    expect(summary(world.call('bo@vardbolaget.example', 'region-norr', first))).toBe(
      'peer bo@vardbolaget.example at 127.0.0.1, peer bo@vardbolaget.example at 2001:db8::72, peer bo@vardbolaget.example at 192.0.2.72',
    );
  });

  it('leaves out peers that are known to be down, and refuses at once when all are', () => {
    const world = new World();
    const [one = '', two = '', three = ''] = ids(world);
    world.down.add(one).add(three);
    expect(summary(world.call('463010001'))).toBe('peer 463010001 at 192.0.2.72');
    world.down.add(two);
    const resolution = world.call('463010001');
    expect(resolution).toMatchObject({ refusal: 'zoneUnreachable', organisation: { id: 'vardbolaget' } });
    expect(detailOf(resolution)).toBe('All 3 peers of zone vardbolaget are known to be down: ask video@portvakt.example');
  });

  it('takes alias@ip for the zone that has a peer there, also where that ip is our own', () => {
    const world = new World();
    expect(world.call('bo@192.0.2.72', 'region-norr', first)).toMatchObject({ organisation: { id: 'vardbolaget' } });
    expect(summary(world.call('sip:bo@[2001:DB8:0::72]:5073', 'region-norr', first))).toMatch(/^peer bo at 127\.0\.0\.1/);
    const ownHosts = new Set(['127.0.0.1']);
    expect(summary(world.call('bo@127.0.0.1:5071', 'region-norr', { ...first, ownHosts }))).toMatch(/^peer bo at/);
    expect(summary(world.call('0001@127.0.0.1:5060', 'region-norr', { ownHosts }))).toBe('refused calleeNotRegistered');
    expect(summary(world.call('sip:192.0.2.72'))).toBe('refused addressIncomplete');
  });

  it('gives peers of one priority their share', () => {
    const world = new World();
    const [one = '', heavy = ''] = ids(world);
    world.down.add(one);
    let state = 1;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    let heavyFirst = 0;
    for (let i = 0; i < 4000; i++) {
      const resolution = world.call('463010001', 'region-norr', { random });
      const route = resolution.outcome === 'routes' ? resolution.routes[0] : undefined;
      if (route?.kind === 'peer' && route.peer.id === heavy) heavyFirst++;
    }
    // RFC 2782 draws from 0 to the sum, both included: weights 1 and 3 give 2/5 and 3/5.
    expect(heavyFirst / 4000).toBeGreaterThan(0.56);
    expect(heavyFirst / 4000).toBeLessThan(0.64);
  });
});

describe('resolve: H.323 zones and meetings', () => {
  it('offers a neighbour’s peers', () => {
    expect(summary(new World().call('46401123'))).toBe('neighbour 46401123 at 192.0.2.40');
    expect(summary(new World().call('olle@ost.example'))).toBe('neighbour olle@ost.example at 192.0.2.40');
  });

  it('sends a number to the gateway that registered it, or else the longest prefix that it begins with', () => {
    const world = new World();
    const target = () => summary(world.call('46402123'));
    expect(target()).toBe('refused calleeNotRegistered');
    for (const prefix of ['46402', '4640212', '46402123']) {
      world.register(prefixKey(prefix), 'kommun-vast', 'vast', 'h323');
      expect(target()).toBe(`registration ${prefixKey(prefix)} in vast`);
    }
    expect(summary(world.call('46402124'))).toBe(`registration ${prefixKey('4640212')} in vast`);
    expect(summary(world.call('46402199'))).toBe(`registration ${prefixKey('46402')} in vast`);
    world.register('46402123', 'kommun-vast', 'vast', 'h323');
    expect(target()).toBe('registration 46402123 in vast');
  });

  it('takes a prefix for no number, and lets nobody dial one', () => {
    const world = new World().register('46402', 'kommun-vast', 'vast', 'h323').register(prefixKey('46101'), 'region-norr', 'norr', 'h323');
    expect(summary(world.call('46402123'))).toBe('refused calleeNotRegistered');
    // Endpoints of hosted zones serve no prefixes.
    expect(summary(world.call('461010001'))).toBe('refused calleeNotRegistered');
    for (const dialled of [prefixKey('46101'), `sip:${prefixKey('46101')}`, '46101*', `"46101" <${prefixKey('46101')}>`]) {
      expect(summary(world.call(dialled))).toMatch(/^refused /);
    }
  });

  it('offers every gateway that shares a prefix', () => {
    const world = new World().register(prefixKey('46402'), 'kommun-vast', 'vast', 'h323');
    const contact = { key: 'other', expires: 60, q: 500, instance: '', regId: 0, path: [], flow: '' };
    const contacts = [{ contact: 'h323:192.0.2.2:1720', ...contact }];
    const limits = { organisation: 1, total: 1 };
    const change = { alias: prefixKey('46402'), organisation: 'kommun-vast', zone: 'vast', protocol: 'h323', callId: '', cseq: 0 } as const;
    expect(world.registry.apply({ ...change, contacts, removeAll: false, limits }, 0).ok).toBe(true);
    const resolution = world.call('46402123');
    const [route] = resolution.outcome === 'routes' ? resolution.routes : [];
    expect(route?.kind === 'registration' && route.registration.bindings.map(({ contact }) => contact)).toEqual([
      `<sip:${prefixKey('46402')}@192.0.2.1>`,
      'h323:192.0.2.2:1720',
    ]);
  });

  it.each([
    ['4690012345', 'meeting 4690012345'],
    ['12345@mote.portvakt.example', 'meeting 4690012345'],
    ['sip:4690012345@mote.portvakt.example', 'meeting 4690012345'],
    ['Rond@mote.portvakt.example', 'meeting rond'],
    ['46900123', 'refused addressIncomplete'],
  ])('%s is %s', (dialled, expected) => {
    expect(summary(new World().call(dialled))).toBe(expected);
  });
});

describe('resolve: transforms', () => {
  const world = new World()
    .register('461010112', 'region-norr', 'norr')
    .register('461010001', 'region-norr', 'norr')
    .register('461020005', 'region-syd', 'syd');

  it('runs the organisation’s own and the ones for all', () => {
    expect(summary(world.call('112', 'region-syd'))).toBe('registration 461010112 in norr');
    expect(summary(world.call('*0005'))).toBe('registration 461020005 in syd');
    expect(summary(world.call('*0005', 'region-syd'))).toBe('refused addressUnknown');
  });

  it('treats a short form and a URI as the number they stand for', () => {
    for (const dialled of ['461010999', '0999', '461010999@norr.example', '0999@norr.example', '+46 101 0999']) {
      expect(summary(world.call(dialled))).toBe('registration 461010001 in norr');
    }
  });

  it('refuses a circle', () => {
    expect(summary(world.call('71'))).toBe('refused transformLoop');
    expect(detailOf(world.call('71'))).toContain('circle');
  });
});

describe('resolve: the Internet', () => {
  it('goes out where the plan lets it, to a URI without anything but user, host and port', () => {
    const world = new World();
    expect(summary(world.call('"Bo" <sip:Bo@Far.example;transport=tcp?subject=x>'))).toBe('internet sip:bo@far.example');
    expect(summary(world.call('bo@[2001:db8::9]:5070'))).toBe('internet sip:bo@[2001:db8::9]:5070');
    expect(summary(world.call('sip:198.51.100.7'))).toBe('internet sip:198.51.100.7');
    expect(summary(world.call('åsa@far.example'))).toBe('internet sip:%C3%A5sa@far.example');
  });

  it('stays inside where the plan does not', () => {
    for (const internet of ['', '{ inbound: true }', '{ inbound: false, outbound: false }']) {
      expect(summary(new World(internet).call('bo@far.example'))).toBe('refused internetOutboundOff');
      expect(summary(new World(internet).call('bo@198.51.100.7'))).toBe('refused internetOutboundOff');
    }
  });

  it('lets nobody in where the plan does not, and tells him nothing about who exists', () => {
    const world = new World('{ outbound: true }').register('461010001', 'region-norr', 'norr');
    for (const dialled of ['461010001', '461010002', '4690012345', '', 'bo@far.example']) {
      expect(summary(world.call(dialled, 'internet'))).toBe('refused internetInboundOff');
    }
  });

  it('is no open relay', () => {
    const world = new World().register('461010001', 'region-norr', 'norr');
    expect(summary(world.call('461010001', 'internet'))).toBe('registration 461010001 in norr');
    expect(summary(world.call('bo@far.example', 'internet'))).toBe('refused internetOutboundOff');
  });
});

it('traces each step in order, and what it decides does not depend on being watched', () => {
  const world = new World().register('461010001', 'region-norr', 'norr');
  const trace: Step[] = [];
  const watched = world.call('0999', 'region-norr', { trace: (step) => trace.push(step) });
  expect(watched).toEqual(world.call('0999'));
  expect(trace.map(({ step }) => step)).toEqual(['normalise', 'short-form', 'transform', 'normalise', 'series', 'registration']);
});
