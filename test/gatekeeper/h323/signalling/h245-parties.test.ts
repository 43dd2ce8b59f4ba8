import { describe, expect, it } from 'vitest';
import type { TransportAddress } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import type { SocketAddress } from '../../../../src/gatekeeper/h323/signalling/context.js';
import { connect, digit, facility, hangUp, place, release, type Standing, talk } from './calls.js';
import type { Link } from './links.js';
import { GATEKEEPER, type OpenPort, type Party, useWorld, type World } from './world.js';
import { PEER_A } from './zones.js';

const open = (plan: { internet?: unknown }) => {
  plan.internet = { outbound: true, inbound: true, encryption: 'preferred' };
};
const world = useWorld({ h245: 'route', plan: open });

const at = (address: string, port = 9000): TransportAddress => transportAddress({ address, port });
const portOf = (index: number): OpenPort => {
  const port = world().ports[index];
  if (!port) throw new Error(`no port ${index}`);
  return port;
};
const farOf = ({ address, port }: SocketAddress): Link => {
  const link = world().h245Links.get(`${address}:${port}`);
  if (!link) throw new Error(`we did not connect to ${address}:${port}`);
  return link;
};

/** A call to an endpoint behind the neighbour gatekeeper, whose Setup has arrived there. */
async function towardsNeighbour(caller: Party, options: Parameters<typeof place>[2] = {}): Promise<Standing> {
  const neighbour = world().stranger(PEER_A);
  const placed = place(caller, '464010001', options);
  await world().settle();
  for (const { to, request } of world().lrqs()) {
    world().locate(to, request.requestSeqNum, to === PEER_A ? { address: PEER_A, port: 1720 } : undefined);
  }
  return { ...placed, callee: await neighbour.called() };
}

const caller = (zone: 'norr' | 'fri' = 'fri'): Promise<Party> =>
  world().endpoint(zone === 'fri' ? '465010001' : '461010001', zone, { address: zone === 'fri' ? '10.5.0.1' : '10.1.0.1' });

async function registered(): Promise<[Party, Party]> {
  return [await caller(), await world().endpoint('465010002', 'fri', { address: '10.5.0.2', source: '10.5.0.3' })];
}

describe('an H.245 address that is not of the party that names it', () => {
  it.each<[string, TransportAddress, RegExp]>([
    [
      'of somebody else',
      at('10.9.9.9', 3389),
      /^465010001 named 10\.9\.9\.9 port 3389 for H\.245, but it is at 10\.5\.0\.1; it was left out/,
    ],
    ['of the other party', at('10.5.0.2'), /but it is at 10\.5\.0\.1/],
    ['where calls come to us', at(GATEKEEPER, 1720), /leads back to this gatekeeper/],
    ['of our own machine', at(GATEKEEPER, 8080), /an address of this machine/],
    ['of every machine itself', at('127.0.0.1', 5000), /an address of this machine/],
    [
      'with a route to it',
      {
        type: 'ipSourceRoute',
        value: { ip: Uint8Array.of(10, 5, 0, 1), port: 9000, route: [], routing: { type: 'loose', value: null } },
      },
      /named no IP address and port for H\.245 but an ipSourceRoute/,
    ],
  ])('is left out: %s', async (_what, h245Address, sentence) => {
    const [norr, syd] = await registered();
    const { leg, identifier } = place(norr, syd.alias, { setup: { h245Address } });
    const callee = await syd.called();
    expect(callee.takeBody('setup').h245Address).toBeUndefined();
    facility(leg, identifier, { h245Address });
    await world().settle();
    expect(callee.takeBody('facility').h245Address).toBeUndefined();
    expect(world().ports).toEqual([]);
    expect(world().leftOut).toEqual([expect.stringMatching(sentence), expect.stringMatching(sentence)]);
    release(leg, identifier);
    await world().settle();
  });

  it('is left out of the Connect as well, also from the Internet', async () => {
    const fri = await caller();
    const stranger = world().stranger('198.51.100.7');
    const { leg, identifier, callId } = place(fri, 'x@198.51.100.7');
    const callee = await stranger.called();
    callee.take('setup');
    connect(callee, identifier, { h245Address: at('10.5.0.9', 3389) });
    await world().settle();
    expect(leg.takeBody('connect').h245Address).toBeUndefined();
    facility(callee, identifier, { h245Address: at('198.51.100.7') });
    await world().settle();
    expect(leg.takeBody('facility').h245Address).toEqual(transportAddress(portOf(0).address));
    await hangUp(world(), { leg, identifier, callId, callee });
  });

  it('is let through where it registered from, or says that it is called', async () => {
    const [norr, syd] = await registered();
    const standing = await talk(norr, syd);
    for (const [index, address] of ['10.5.0.2', '10.5.0.3'].entries()) {
      facility(standing.callee, standing.identifier, { h245Address: at(address) });
      await world().settle();
      expect(standing.leg.takeBody('facility').h245Address).toEqual(transportAddress(portOf(index).address));
    }
    await hangUp(world(), standing);
  });

  it('is let through from anywhere in a neighbour zone, and from nowhere else', async () => {
    const fri = await caller();
    const { leg, identifier, callId, callee } = await towardsNeighbour(fri);
    callee.take('setup');
    connect(callee, identifier, { h245Address: at('10.4.0.2') });
    facility(callee, identifier, { h245Address: at('10.4.0.77') });
    await world().settle();
    expect(leg.takeBody('connect').h245Address).toEqual(transportAddress(portOf(0).address));
    expect(leg.takeBody('facility').h245Address).toBeUndefined();
    expect(world().leftOut).toEqual([expect.stringContaining('10.4.0.77 port 9000 for H.245, which is not among the sources of zone ost')]);
    await hangUp(world(), { leg, identifier, callId, callee });
  });
});

it('a port of ours takes whoever is in the zone of a neighbour, and nobody else', async () => {
  const fri = await caller();
  const { leg, identifier } = await towardsNeighbour(fri, { setup: { h245Address: at('10.5.0.1') } });
  expect([PEER_A, '10.4.0.2', '10.4.0.77', '10.5.0.1', '203.0.113.66'].map(portOf(0).from)).toEqual([true, true, false, false, false]);
  release(leg, identifier);
  await world().settle();
});

describe('what stands in for an H.245 address', () => {
  const h245Address = at('10.5.0.2');
  const name = async ({ callee, identifier, leg }: Standing, address = h245Address) => {
    facility(callee, identifier, { h245Address: address });
    await world().settle();
    return leg.takeBody('facility').h245Address;
  };

  it('is a new port once the one before expired', async () => {
    const [norr, syd] = await registered();
    const standing = await talk(norr, syd);
    expect(await name(standing)).toEqual(transportAddress(portOf(0).address));
    expect(await name(standing)).toEqual(transportAddress(portOf(0).address));
    portOf(0).expire();
    expect(await name(standing)).toEqual(transportAddress(portOf(1).address));
    expect(portOf(1).open).toBe(true);
    await hangUp(world(), standing);
  });

  it('is a new port once the connection through the one before has ended', async () => {
    const [norr, syd] = await registered();
    const standing = await talk(norr, syd);
    await name(standing);
    const first = portOf(0).connect('10.5.0.1');
    await world().settle();
    expect(await name(standing)).toEqual(transportAddress(portOf(0).address));
    first.lose();
    await world().settle();
    expect(await name(standing)).toEqual(transportAddress(portOf(1).address));
    const second = portOf(1).connect('10.5.0.1');
    second.send(digit('1'));
    await world().settle();
    expect(farOf({ address: '10.5.0.2', port: 9000 }).inbox.length).toBe(1);
    await hangUp(world(), standing);
    expect(second.closed).toBe('ended-here');
  });

  it('goes, the oldest that nobody used first, when a party names one after the other', async () => {
    const [norr, syd] = await registered();
    const standing = await talk(norr, syd);
    facility(standing.leg, standing.identifier, { h245Address: at('10.5.0.1') });
    await world().settle();
    standing.callee.take('facility');
    await name(standing, at('10.5.0.2', 4000));
    const used = portOf(1).connect('10.5.0.1');
    for (let port = 4001; port < 4020; port++) {
      expect(await name(standing, at('10.5.0.2', port))).toEqual(transportAddress(portOf(port - 3999).address));
    }
    const ports = world().ports.flatMap(({ open }, index) => (open ? [index] : []));
    // The other party's own, and the last three; the used one has its connection.
    expect(ports).toEqual([0, 18, 19, 20]);
    expect(used.closed).toBeUndefined();
    await hangUp(world(), standing);
  });

  it('carries connections that are needed, however quiet they are, until they end', async () => {
    const [norr, syd] = await registered();
    const standing = await talk(norr, syd);
    await name(standing);
    const near = portOf(0).connect('10.5.0.1');
    await world().settle();
    const ends = [near, farOf({ address: '10.5.0.2', port: 9000 })];
    const needed = (of: World) => ends.map(({ connection }) => of.signalling.isNeeded(connection));
    expect(needed(world())).toEqual([true, true]);
    near.lose();
    expect(needed(world())).toEqual([false, false]);
    await hangUp(world(), standing);
  });
});
