import { describe, expect, it } from 'vitest';
import { explainRoute, formatExplanation, pretendRegistered } from '../../../src/gatekeeper/routing/explain.js';
import { World } from './world.js';

const first = { random: () => 0 };

describe('explainRoute', () => {
  it('tells steps, routes, conditions and who would be refused', () => {
    const world = new World('{ outbound: true }').register('461010001', 'region-norr', 'norr');
    const explanation = explainRoute(world.plan, world.registry, world.health, { dialled: '0001', fromOrganisation: 'region-norr' });
    expect(explanation).toMatchObject({
      dialled: '0001',
      from: 'region-norr',
      alias: '461010001',
      organisation: 'region-norr',
      outcome: 'routes',
      routes: [{ kind: 'registration', zone: 'norr', target: ['<sip:461010001@192.0.2.1>'] }],
      refusal: null,
      wouldReach: null,
      refusedCallers: [{ from: 'internet', refusal: 'internetInboundOff' }],
    });
    expect(explanation.conditions.map(({ zone, refusal }) => `${zone} ${refusal}`)).toContain('norr mediaNotEncrypted');
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  it('says what would be reached if only somebody were registered', () => {
    const world = new World();
    const explain = (dialled: string) =>
      explainRoute(world.plan, world.registry, world.health, { dialled, fromOrganisation: 'region-norr' });
    expect(explain('0001')).toMatchObject({
      refusal: { code: 'calleeNotRegistered', status: 480 },
      wouldReach: { alias: '461010001', zone: 'norr' },
    });
    expect(explain('anna@syd.example').wouldReach).toEqual({ alias: 'anna@syd.example', zone: 'syd' });
    expect(explain('46402123').wouldReach).toEqual({ alias: '46402123', zone: 'vast' });
    expect(explain('4712345678').wouldReach).toBeNull();
    expect(formatExplanation(explain('0001'))).toContain('It would reach an endpoint registered as 461010001 in zone norr.');
  });

  it('names callers for whom it is different', () => {
    const world = new World('');
    const { refusedCallers } = explainRoute(world.plan, world.registry, world.health, {
      dialled: '4690012345',
      fromOrganisation: 'region-norr',
    });
    expect(refusedCallers.map(({ from, refusal }) => `${from} ${refusal}`)).toEqual(['internet callerUnknown']);
  });

  it('refuses what a call could not reach: meetings, gatekeepers that speak H.323, private addresses, sips without TLS', () => {
    const { plan, registry, health } = new World('{ outbound: true }');
    const options = { ...first, isReachable: (address: string) => address === '198.51.100.1' };
    const explain = (dialled: string) => explainRoute(plan, registry, health, { dialled, fromOrganisation: 'region-norr' }, options);
    expect(explain('4690012345')).toMatchObject({ outcome: 'refused', routes: [], refusal: { code: 'meetingsUnavailable', status: 503 } });
    expect(explain('4690012345').steps.at(-1)).toMatchObject({ step: 'refusal' });
    const overH323 = explainRoute(
      plan,
      registry,
      health,
      { dialled: '4690012345', fromOrganisation: 'region-norr' },
      { ...options, meetings: true, protocol: 'h323' },
    );
    expect(overH323.refusal).toMatchObject({ code: 'meetingsUnavailable', text: expect.stringContaining('call by SIP') });
    expect(explain('bob@127.0.0.1:9')).toMatchObject({ refusal: { code: 'addressUnknown', status: 404 } });
    expect(explain('bob@198.51.100.1').outcome).toBe('routes');
    expect(explain('sips:463010001@vardbolaget.example')).toMatchObject({ refusal: { code: 'sipsUnreachable', status: 480 } });
    const out = explain('<sips:bo@far.example>');
    expect(out).toMatchObject({ outcome: 'routes', routes: [{ target: ['sips:bo@far.example'] }] });
    expect(out.conditions[0]).toMatchObject({ refusal: 'sipsUnreachable' });
    const neighbour = [...plan.organisations.values()].find(({ zones }) => zones[0]?.kind === 'h323-neighbour')?.series[0];
    if (neighbour === undefined) throw new Error('the test plan has no h323-neighbour');
    expect(explain(`${neighbour.prefix}${'1'.padStart(neighbour.digits, '0')}`).refusal?.code).toBe('interworkingUnavailable');
  });

  it('explains a call into a meeting', () => {
    const { plan, registry, health } = new World('');
    const explanation = explainRoute(
      plan,
      registry,
      health,
      { dialled: '4690012345', fromOrganisation: 'region-norr' },
      { ...first, meetings: true },
    );
    expect(explanation).toMatchObject({ outcome: 'routes', routes: [{ kind: 'meeting', target: ['4690012345'] }] });
    expect(explanation.conditions).toContainEqual(expect.objectContaining({ zone: 'meetings', refusal: 'mediaNotEncrypted' }));
    expect(explanation.conditions).not.toContainEqual(expect.objectContaining({ zone: 'meetings', refusal: 'keysInClear' }));
    expect(formatExplanation(explanation)).toContain('into meeting 4690012345, if it is there');
  });

  it('explains from the Internet', () => {
    const world = new World();
    const explanation = explainRoute(world.plan, world.registry, world.health, { dialled: 'bo@far.example', fromOrganisation: 'internet' });
    expect(explanation.refusal).toMatchObject({ code: 'internetOutboundOff', status: 403 });
  });

  it('says which organisations there are when it is asked for another', () => {
    const world = new World('');
    const ask = () => explainRoute(world.plan, world.registry, world.health, { dialled: '1', fromOrganisation: 'region-nord' });
    expect(ask).toThrow(
      'The plan has no organisation "region-nord"; it has: region-norr, region-syd, vardbolaget, kommun-ost, kommun-vast',
    );
  });
});

describe('formatExplanation', () => {
  it('numbers the sentences', () => {
    const world = new World('{ inbound: true }');
    const [down = ''] = [...world.plan.zones.values()].flatMap((zone) =>
      zone.kind === 'sip-trunk' ? zone.peers.map((peer) => peer.id) : [],
    );
    world.down.add(down);
    const request = { dialled: '+46 301 00 01', fromOrganisation: 'region-norr' };
    const text = formatExplanation(explainRoute(world.plan, world.registry, world.health, request, first));
    expect(text.split('\n').slice(0, 10)).toEqual([
      '"+46 301 00 01" dialled from region-norr:',
      '  1. "+46 301 00 01" is read as a number: 463010001.',
      '  2. The series 46301 + 4 digits belongs to vardbolaget, served by zone vardbolaget (sip-trunk).',
      `  3. Peer ${down} is known to be down: it is left out.`,
      '  4. Peer vardbolaget/[2001:db8::72]:5073;udp is tried as number 1.',
      '  5. Peer vardbolaget/192.0.2.72:5072;udp is tried as number 2.',
      '',
      'Result: 2 routes, tried in this order:',
      '  1. to 463010001 at peer vardbolaget/[2001:db8::72]:5073;udp (zone vardbolaget)',
      '  2. to 463010001 at peer vardbolaget/192.0.2.72:5072;udp (zone vardbolaget)',
    ]);
  });

  it('tells the transforms with their comments', () => {
    const world = new World().register('461010112', 'region-norr', 'norr');
    const request = { dialled: '112', fromOrganisation: 'region-syd' };
    const text = formatExplanation(explainRoute(world.plan, world.registry, world.health, request));
    expect(text).toContain('The transform of prefix 112 (Emergency desk) makes 112 into 461010112.');
  });
});

describe('a caller that speaks H.323', () => {
  const { plan, health } = new World('{ outbound: true }');
  const explain = (dialled: string, registered: readonly string[] = []) => {
    const { index } = pretendRegistered(plan, registered, 'h323');
    const request = { dialled, fromOrganisation: 'region-norr' };
    return explainRoute(plan, index, health, request, { ...first, protocol: 'h323' });
  };

  it('reaches endpoints, gateways and neighbours over H.323, and nothing over SIP', () => {
    expect(explain('461020001', ['461020001'])).toMatchObject({
      routes: [{ kind: 'registration', target: ['h323:endpoint.invalid:1720'] }],
    });
    expect(explain('46401123')).toMatchObject({ outcome: 'routes', routes: [{ kind: 'neighbour', zone: 'ost' }] });
    expect(explain('463010001').refusal?.code).toBe('interworkingUnavailable');
    expect(explain('bo@far.example').refusal?.code).toBe('interworkingUnavailable');
    expect(explain('46401123').conditions.map(({ refusal }) => refusal)).not.toContain('keysInClear');
  });

  it('is told which prefix leads to the gateway', () => {
    const text = formatExplanation(explain('46402123', ['46402*', '+46 402 12*']));
    expect(text).toContain('46402123 is not registered itself; of the prefixes registered, 4640212 is the longest that it begins with.');
    expect(text).toContain('The prefix 4640212 is registered over H.323 with 1 contact.');
    expect(text).toContain('to the gateway registered for the prefix 4640212: h323:endpoint.invalid:1720 (zone vast)');
  });

  it('registers prefixes of gateways alone', () => {
    expect(pretendRegistered(plan, ['46402*', '464021*', '46101*', '4640*', '464021234*', '47*', '*']).rejected).toEqual([
      '46101*',
      '4640*',
      '464021234*',
      '47*',
      '*',
    ]);
  });
});

describe('pretendRegistered', () => {
  it('registers aliases as the plan places them', () => {
    const { plan, health } = new World();
    const { index, rejected } = pretendRegistered(plan, [
      '+46 101 0001',
      'Anna@Norr.example',
      '0002@norr.example',
      '463010001',
      '46101',
      '<',
    ]);
    expect(rejected).toEqual(['463010001', '46101', '<']);
    expect(index.size).toBe(3);
    for (const dialled of ['461010001', 'anna@norr.example', '461010002']) {
      expect(explainRoute(plan, index, health, { dialled, fromOrganisation: 'region-syd' }).outcome).toBe('routes');
    }
  });
});
