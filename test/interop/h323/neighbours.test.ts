import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import type { CallRecord } from '../../../src/gatekeeper/calls/call.js';
import type { Call } from '../../../src/simulator/h323/call.js';
import type { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import type { NeighbourGatekeeper } from '../../../src/simulator/h323/neighbour-gatekeeper.js';
import { neighbour, type TestPeer, type TestZone, testPlan } from '../../support/plan.js';
import type { InProcess, ServiceSettings } from '../../support/service.js';
import { until } from '../../support/until.js';
import {
  allOpen,
  arrived,
  closing,
  counts,
  gatekeeper,
  neighbourGatekeeper,
  newHost,
  openChannels,
  passing,
  rasOf,
  registered,
  settled,
} from './world.js';

const peerOf = ({ rasAddress }: NeighbourGatekeeper): TestPeer => ({ host: rasAddress.address, port: rasAddress.port });

/** Our service with an organisation `ost` (46401) behind these gatekeepers. */
function withNeighbours(
  there: readonly NeighbourGatekeeper[],
  zone: Partial<TestZone> = {},
  settings: ServiceSettings = {},
): Promise<InProcess> {
  const plan = testPlan(({ organisations }) => {
    organisations.ost = neighbour(
      there.map((one, index) => ({ ...peerOf(one), priority: 10 + index })),
      zone,
    );
  });
  return gatekeeper({ plan, ...settings });
}

async function ended(call: Call, service: InProcess, count = 1): Promise<CallRecord | undefined> {
  call.hangUp();
  return (await settled(service, count)).at(-1);
}

describe('a neighbour gatekeeper', () => {
  it('is asked by LRQ and gets the call, whose keys pass', async () => {
    const ost = await neighbourGatekeeper({ address: newHost(), routed: true });
    const service = await withNeighbours([ost]);
    const anna = await registered(rasOf(service), '461010001');
    const call = anna.call('464010001');
    await call.mediaReady;
    const other = await arrived(ost);
    await other.mediaReady;
    expect(ost.asks).toMatchObject([{ aliases: ['464010001'], hopCount: 7, callIdentifier: call.callIdentifier }]);
    expect(other.setup?.destinationAddress).toEqual([{ type: 'dialedDigits', value: '464010001' }]);
    expect(other.callingAliases).toEqual(['461010001']);
    expect(other.sharedSecret).toEqual(call.sharedSecret);
    expect(call.sharedSecret).toBeDefined();
    expect(openChannels(call)).toEqual(allOpen);
    const record = await ended(call, service);
    expect(record).toMatchObject({
      callee: { zone: 'ost', organisation: 'ost', alias: '464010001', protocol: 'h323' },
      reason: 'completed',
      cipher: 'AES-128-CBC',
    });
    expect(record?.route).toMatch(/^neighbour ost\//);
    await counts(service, 'portvakt_h323_locations_total{zone="ost",outcome="found"}', 1);
  });

  it('sends the call where LCF says, and is not asked again for a while', async () => {
    const ost = newHost();
    const phone = await registered(rasOf(await gatekeeper()), '461010001', { address: ost, aliases: [{ e164: '461010001' }] });
    const there = await neighbourGatekeeper({ address: ost, endpoints: new Map([['464010001', phone.signalAddress]]) });
    const service = await withNeighbours([there]);
    const anna = await registered(rasOf(service), '461010001');
    phone.registration.close();
    await phone.unregister();
    for (let count = 1; count <= 2; count++) {
      const call = anna.call('464010001');
      await call.connected;
      await ended(call, service, count);
    }
    expect(phone.incoming).toHaveLength(2);
    expect(there.askedTimes).toBe(1);
    await counts(service, 'portvakt_h323_locations_total{zone="ost",outcome="cached"}', 1);
  });

  it('asks us by LRQ and calls: its call is told by its address', async () => {
    const ost = await neighbourGatekeeper({ address: newHost() });
    const service = await withNeighbours([ost]);
    const anna = await registered(rasOf(service), '461010001');
    const call = await ost.call('461010001', rasOf(service), '464010001');
    if (!('mediaReady' in call)) throw new Error(`not found: ${JSON.stringify(call)}`);
    await call.mediaReady;
    const other = await arrived(anna);
    await other.mediaReady;
    expect(other.callingAliases).toEqual(['464010001']);
    expect(other.sharedSecret).toEqual(call.sharedSecret);
    const record = await ended(call, service);
    expect(record).toMatchObject({
      caller: { zone: 'ost', organisation: 'ost', alias: '464010001' },
      callee: { zone: 'norr', alias: '461010001' },
      reason: 'completed',
    });
  });

  it('that shows a number of somebody else is refused, and so is a stranger', async () => {
    const ost = await neighbourGatekeeper({ address: newHost() });
    const service = await withNeighbours([ost]);
    const anna = await registered(rasOf(service), '461010001');
    const foreign = await ost.call('461010001', rasOf(service), '461020001');
    if (!('released' in foreign)) throw new Error('not found');
    expect(await foreign.released).toMatchObject({ by: 'them', reason: 'noPermission' });
    const stranger = await neighbourGatekeeper({ address: newHost() });
    expect(await stranger.locate('461010001', rasOf(service))).toEqual({ outcome: 'rejected', reason: 'invalidPermission' });
    const uninvited = stranger.callAddress('461010001', await callAddress(ost, service), '464010001');
    expect(await uninvited.released).toMatchObject({ by: 'them', reason: 'noPermission' });
    expect(anna.incoming).toEqual([]);
    // A stranger's attempt is counted; a record is written for zones that we know.
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'callerIdentityForeign', caller: { zone: 'ost' } });
    await counts(service, 'portvakt_h323_refusals_total{reason="caller_unknown"}', 1);
    await counts(service, 'portvakt_h323_refusals_total{reason="caller_identity_foreign"}', 1);
  });

  it('says no, or nothing: the caller hears which, and so does the record', async () => {
    const no = await neighbourGatekeeper({ address: newHost() });
    const silent = await neighbourGatekeeper({ address: newHost(), silent: true });
    const service = await withNeighbours([no]);
    const anna = await registered(rasOf(service), '461010001');
    expect(await anna.call('464010009').released).toMatchObject({ by: 'them', reason: 'calledPartyNotRegistered' });
    const plan = testPlan(({ organisations }) => {
      organisations.ost = neighbour([peerOf(silent)]);
    });
    await service.writePlan(plan);
    expect(await service.service.reloadPlan()).toMatchObject({ applied: true });
    expect(await anna.call('464010009').released).toMatchObject({ by: 'them', reason: 'unreachableDestination' });
    const records = await settled(service, 2);
    expect(records.map(({ reason }) => reason)).toEqual(['calleeNotRegistered', 'zoneUnreachable']);
    expect(records[0]?.detail).toMatch(/LRJ notRegistered/);
    expect(silent.askedTimes).toBe(2);
    await counts(service, 'portvakt_peer_up{zone="ost"', 0);
  });

  it('takes longer than we wait, and says so (RIP): then it is waited for', async () => {
    const slow = await neighbourGatekeeper({ address: newHost(), routed: true, delayMs: 700, inProgressMs: 3000 });
    const service = await withNeighbours([slow]);
    const anna = await registered(rasOf(service), '461010001');
    const call = anna.call('464010001');
    await call.connected;
    expect(await ended(call, service)).toMatchObject({ reason: 'completed' });
  });
});

/** Where this neighbour is told to send its Setups. */
async function callAddress(ost: NeighbourGatekeeper, service: InProcess) {
  const located = await ost.locate('461010001', rasOf(service));
  if (located.outcome !== 'found') throw new Error('not found');
  return located.signalAddress;
}

describe('a silent neighbour', () => {
  /** One that says nothing and one that answers, on a clock that only the test moves: what the call costs is exact. */
  async function silentFirst(search: 'in-order' | 'parallel') {
    const clock = new VirtualClock(Date.now());
    const silent = await neighbourGatekeeper({ address: newHost(), silent: true });
    const live = await neighbourGatekeeper({ address: newHost(), routed: true });
    const service = await withNeighbours([silent, live], { search }, { clock });
    const anna = await registered(rasOf(service), '461010001', { clock });
    return { clock, silent, live, service, anna };
  }

  const cost = ({ start, ringing }: CallRecord) => Date.parse(ringing ?? '') - Date.parse(start);

  it('costs at most 500 ms where it is asked first, and nothing the next time', async () => {
    const { clock, silent, live, service, anna } = await silentFirst('in-order');
    const call = anna.call('464010001');
    for (const times of [1, 2]) {
      await until(
        () => silent.askedTimes === times,
        () => `question ${times} to the silent one`,
      );
      expect(live.askedTimes).toBe(0);
      clock.advance(200);
    }
    await call.connected;
    call.hangUp();
    const [first] = await passing(clock, settled(service, 1));
    expect(first && cost(first)).toBe(400);
    const next = anna.call('464010002');
    await next.connected;
    next.hangUp();
    const [, second] = await passing(clock, settled(service, 2));
    expect(second && cost(second)).toBe(0);
    await counts(service, 'portvakt_peer_changes_total{zone="ost",state="down"}', 1);
  });

  it('costs nothing where all are asked at once', async () => {
    const { clock, service, anna } = await silentFirst('parallel');
    const call = anna.call('464010001');
    await call.connected;
    call.hangUp();
    const [record] = await passing(clock, settled(service, 1));
    expect(record && cost(record)).toBe(0);
  });

  it.each(['parallel', 'in-order'] as const)('costs as little where it knows the number and then takes no call: %s', async (search) => {
    const clock = new VirtualClock(Date.now());
    const address = newHost();
    // It accepts connections, and says nothing on them.
    const ear = createServer((socket) => socket.resume());
    ear.listen(0, address);
    await once(ear, 'listening');
    closing(ear, async (one) => one.close());
    const { port } = ear.address() as AddressInfo;
    const endpoints = new Map([['464010001', { address, port }]]);
    const first = await neighbourGatekeeper({ address, endpoints });
    const live = await neighbourGatekeeper({ address: newHost(), routed: true, delayMs: search === 'parallel' ? 50 : 0 });
    const service = await withNeighbours([first, live], { search }, { clock });
    const anna = await registered(rasOf(service), '461010001', { clock });
    const call = anna.call('464010001');
    const [socket] = (await once(ear, 'connection')) as [Socket];
    await once(socket, 'data');
    clock.advance(400);
    await call.connected;
    expect(live.incoming).toHaveLength(1);
    call.hangUp();
    const [record] = await passing(clock, settled(service, 1));
    expect(record).toMatchObject({ reason: 'completed', routesTried: 2 });
    expect(record && cost(record)).toBeLessThanOrEqual(500);
  });

  it('gets calls again when it is back', async () => {
    const { clock, silent, live, service, anna } = await silentFirst('in-order');
    const { address, port } = silent.rasAddress;
    const call = anna.call('464010001');
    await passing(clock, call.connected);
    call.hangUp();
    await passing(clock, settled(service, 1));
    expect(live.incoming).toHaveLength(1);
    await silent.close();
    const awake = await neighbourGatekeeper({ address, rasPort: port, routed: true });
    clock.advance(30_000);
    const next = anna.call('464010003');
    await next.connected;
    expect(awake.incoming).toHaveLength(1);
    expect(live.incoming).toHaveLength(1);
    await counts(service, 'portvakt_peer_changes_total{zone="ost",state="up"}', 1);
    await counts(service, 'portvakt_peer_up{zone="ost"', 1);
  });
});

describe('hop count', () => {
  it('of an LRQ that we hand on is one less, and at its end it is not handed on', async () => {
    const ost = await neighbourGatekeeper({ address: newHost() });
    const vast = await neighbourGatekeeper({ address: newHost(), routed: true });
    const plan = testPlan(({ organisations }) => {
      organisations.ost = neighbour([peerOf(ost)]);
      organisations.vast = { ...neighbour([]), name: 'vast', series: [{ prefix: 46402, digits: 4 }], domains: ['vast.example'] };
      organisations.vast.zones = { vast: { kind: 'h323-neighbour', peers: [peerOf(vast)] } };
    });
    const service = await gatekeeper({ plan });
    expect(await ost.locate('464020001', rasOf(service), { hopCount: 1 })).toEqual({ outcome: 'rejected', reason: 'hopCountExceeded' });
    expect(vast.asks).toEqual([]);
    expect(await ost.locate('464020001', rasOf(service), { hopCount: 5 })).toMatchObject({ outcome: 'found' });
    expect(vast.asks).toMatchObject([{ hopCount: 4 }]);
    // Its own number is nowhere else: asking it back would go in a circle.
    expect(await ost.locate('464010001', rasOf(service), { hopCount: 5 })).toEqual({ outcome: 'rejected', reason: 'notRegistered' });
    expect(ost.asks).toEqual([]);
  });
});

describe('two gatekeepers of ours, each the other one’s neighbour', () => {
  const [hereHost, thereHost] = ['127.2.0.1', '127.2.0.2'];
  const listening = (address: string) => ({ ras: [{ address, port: 0 }], signalling: [{ transport: 'tcp', address, port: 0 }] });

  /** `here` has norr (46101) and syd; `there` has ost (46401), and behind it a gatekeeper with 46402. Ports are known once both are up. */
  async function both() {
    const far = await neighbourGatekeeper({ address: newHost(), routed: true });
    const herePlan = (port: number, hopCount: number) =>
      testPlan(({ organisations }) => {
        const ost = neighbour([{ host: thereHost, port }], { hopCount });
        organisations.ost = { ...ost, series: [...ost.series, { prefix: 46402, digits: 4 }] };
      });
    const here = await gatekeeper({ plan: herePlan(1719, 7), h323: listening(hereHost) });
    const { port } = rasOf(here);
    const therePlan = testPlan(({ organisations }) => {
      const { norr } = organisations;
      organisations.ost = {
        ...structuredClone(norr),
        name: 'ost',
        series: [{ prefix: 46401, digits: 4 }],
        domains: ['ost.example'],
        zones: { ost: { ...norr.zones.norr, kind: 'hosted' } },
      };
      organisations.norr = { ...norr, zones: { norr: { kind: 'h323-neighbour', peers: [{ host: hereHost, port }] } } };
      organisations.vast = { ...neighbour([]), name: 'vast', series: [{ prefix: 46402, digits: 4 }], domains: ['vast.example'] };
      organisations.vast.zones = { vast: { kind: 'h323-neighbour', peers: [peerOf(far)] } };
    });
    const there = await gatekeeper({ plan: therePlan, h323: listening(thereHost) });
    const reload = async (hopCount: number) => {
      await here.writePlan(herePlan(rasOf(there).port, hopCount));
      expect(await here.service.reloadPlan()).toMatchObject({ applied: true });
    };
    await reload(7);
    const anna = await registered(rasOf(here), '461010001');
    const olle = await registered(rasOf(there), '464010001');
    return { here, there, far, anna, olle, reload };
  }

  async function connected(caller: H323Endpoint, dialled: string, called: { readonly incoming: readonly Call[] }) {
    const call = caller.call(dialled);
    await call.mediaReady;
    const other = await arrived(called);
    await other.mediaReady;
    expect(other.sharedSecret).toEqual(call.sharedSecret);
    expect(call.sharedSecret).toBeDefined();
    expect(other.callIdentifier).toEqual(call.callIdentifier);
    return { call, other };
  }

  it('find each other’s endpoints, in both directions', async () => {
    const { here, there, anna, olle } = await both();
    const out = await connected(anna, '464010001', olle);
    out.call.hangUp();
    expect(await out.other.released).toMatchObject({ by: 'them', cause: 16 });
    const back = await connected(olle, '461010001', anna);
    back.other.hangUp();
    expect(await back.call.released).toMatchObject({ by: 'them', cause: 16 });
    const seenHere = await settled(here, 2);
    const seenThere = await settled(there, 2);
    expect(seenHere.map(({ caller, callee, reason }) => [caller.zone, callee?.zone, reason])).toEqual([
      ['norr', 'ost', 'completed'],
      ['ost', 'norr', 'completed'],
    ]);
    expect(seenThere.map(({ caller, callee, reason }) => [caller.zone, callee?.zone, reason])).toEqual([
      ['norr', 'ost', 'completed'],
      ['ost', 'norr', 'completed'],
    ]);
    expect(seenThere.map(({ signallingId }) => signallingId)).toEqual(seenHere.map(({ signallingId }) => signallingId));
  });

  it('hand a question and a call on to a third, as far as the hop count lets them', async () => {
    const { here, there, far, anna, reload } = await both();
    const { call, other } = await connected(anna, '464020001', far);
    expect(far.asks).toMatchObject([{ aliases: ['464020001'], hopCount: 6 }]);
    call.hangUp();
    expect(await other.released).toMatchObject({ by: 'them' });
    await settled(there, 1);
    await reload(1);
    expect(await anna.call('464020002').released).toMatchObject({ by: 'them', reason: 'calledPartyNotRegistered' });
    const records = await settled(here, 2);
    expect(records.at(-1)?.detail).toMatch(/LRJ hopCountExceeded/);
    expect(far.askedTimes).toBe(1);
  });

  it('a number that nobody has registered there is not called', async () => {
    const { here, there, anna } = await both();
    expect(await anna.call('464010002').released).toMatchObject({ by: 'them', reason: 'calledPartyNotRegistered' });
    const [record] = await settled(here, 1);
    expect(record).toMatchObject({ reason: 'calleeNotRegistered', callee: { zone: 'ost' } });
    await settled(there, 0);
  });
});
