import { beforeEach, describe, expect, it } from 'vitest';
import { alert, calledOf, connect, digit, hangUp, notify, place, proceed, progress, release, tunnel } from './calls.js';
import { bodyOf, releaseOf, type TestLeg } from './links.js';
import { type Party, timers, useWorld } from './world.js';
import { PEER_A, PEER_B } from './zones.js';

const world = useWorld();

describe('gateways that share a prefix', () => {
  let norr: Party;
  /** In the order in which they are tried. */
  let gateways: Party[];
  const next = () => calledOf(gateways);

  beforeEach(async () => {
    norr = await world().endpoint('461010001', 'norr');
    gateways = [];
    for (let host = 1; host <= 3; host++) {
      gateways.push(await world().endpoint('', 'vik', { kind: 'gateway', prefixes: ['46201'], address: `10.7.0.${host}` }));
    }
    const order = world()
      .store.registrations.index.find('46201@*')
      ?.bindings.map(({ instance }) => instance);
    gateways.sort((a, b) => (order?.indexOf(a.id) ?? 0) - (order?.indexOf(b.id) ?? 0));
  });

  /** Ends the call that the caller is still making. */
  async function giveUp(leg: TestLeg, identifier: Uint8Array): Promise<void> {
    release(leg, identifier);
    await world().settle();
  }

  it.each([
    ['refuses the connection', 'refuse', 0],
    ['takes no connection in time', 'hang', timers.connectMs],
  ] as const)('are tried in turn when one %s', async (_what, reception, ms) => {
    for (const gateway of gateways.slice(0, 2)) gateway.reception = reception;
    const { leg, identifier, callId } = place(norr, '462010001');
    await world().pass(ms);
    await world().pass(ms);
    const { leg: callee, party } = await next();
    expect(party.reception).toBe('accept');
    connect(callee, identifier);
    await world().settle();
    if (ms > 0) leg.take('callProceeding');
    leg.take('connect');
    await hangUp(world(), { leg, identifier, callId, callee });
    expect(world().record().reason).toBe('completed');
  });

  it('are left when one says nothing, and the one that is left is released', async () => {
    const { leg } = place(norr, '462010001');
    const first = await next();
    expect(bodyOf(first.leg.received[0], 'setup').destinationAddress).toEqual([{ type: 'dialedDigits', value: '462010001' }]);
    await world().pass(timers.huntMs - 1);
    expect(first.leg.types).toEqual(['setup']);
    await world().pass(1);
    first.leg.take('setup');
    expect(releaseOf(first.leg.take('releaseComplete'))).toMatchObject({ reason: 'undefinedReason', cause: 102 });
    const second = await next();
    expect(second.party).not.toBe(first.party);
    await world().pass(timers.huntMs);
    // The last has the whole of T303.
    const third = await next();
    await world().pass(timers.setupMs - 1);
    expect(leg.types).toEqual(['callProceeding']);
    await world().pass(1);
    leg.take('callProceeding');
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'unreachableDestination', cause: 20 });
    expect(third.leg.types).toEqual(['setup', 'releaseComplete']);
    expect(world().record()).toMatchObject({ reason: 'calleeUnreachable', routesTried: 3, status: 20 });
    expect(world().record().detail).toMatch(/^prefix 46201 at 10\.7\.0\.\d:1720 did not answer the Setup$/);
  });

  it.each([2, 3, 27, 34, 38, 41, 42, 43, 44, 47, 63])('are tried in turn when one says cause %i', async (cause) => {
    const { leg, identifier } = place(norr, '462010001');
    const first = await next();
    proceed(first.leg, identifier);
    release(first.leg, identifier, { cause });
    await next();
    await giveUp(leg, identifier);
    expect(world().record()).toMatchObject({ reason: 'callerCancelled', routesTried: 2 });
  });

  it.each(['gatewayResources', 'unreachableDestination', 'newConnectionNeeded'] as const)(
    'are tried in turn when one says %s',
    async (type) => {
      const { leg, identifier } = place(norr, '462010001');
      const first = await next();
      release(first.leg, identifier, { reason: { type, value: null } });
      await next();
      await giveUp(leg, identifier);
    },
  );

  it('are tried in turn when a connection breaks', async () => {
    const { leg, identifier } = place(norr, '462010001');
    const first = await next();
    first.leg.wire.link.lose();
    await next();
    await giveUp(leg, identifier);
  });

  it.each([
    [17, undefined, 'calleeBusy'],
    [21, undefined, 'calleeDeclined'],
    [1, undefined, 'calleeUnknownThere'],
    [41, 'adaptiveBusy', 'calleeBusy'],
    [16, 'destinationRejection', 'calleeDeclined'],
  ] as const)('are not tried further when one says cause %i (%s)', async (cause, type, reason) => {
    const { leg, identifier } = place(norr, '462010001');
    const first = await next();
    release(first.leg, identifier, { cause, ...(type && { reason: { type, value: null } }) });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ cause, reason: type });
    expect(world().record()).toMatchObject({ reason, status: cause, routesTried: 1 });
  });

  it.each<[string, (leg: TestLeg, identifier: Uint8Array) => void]>([
    ['it rings', (leg, identifier) => alert(leg, identifier)],
    ['it chose media', (leg, identifier) => proceed(leg, identifier, { fastStart: [] })],
    ['it speaks H.245', (leg) => tunnel(leg, digit('1'))],
  ])('are not tried further once %s', async (_what, commit) => {
    const { leg, identifier } = place(norr, '462010001');
    const first = await next();
    commit(first.leg, identifier);
    release(first.leg, identifier, { cause: 42 });
    await world().settle();
    expect(releaseOf(leg.received.pop() ?? leg.take('releaseComplete')).cause).toBe(42);
    expect(world().record()).toMatchObject({ routesTried: 1, status: 42 });
    const lost = place(norr, '462010001');
    const again = await next();
    commit(again.leg, lost.identifier);
    again.leg.wire.link.lose();
    await world().settle();
    expect(releaseOf(lost.leg.received.pop() ?? lost.leg.take('releaseComplete')).reason).toBe('unreachableDestination');
    expect(world().record()).toMatchObject({ reason: 'calleeUnreachable', routesTried: 1 });
  });

  it('that said no first are what the caller hears when nobody takes the call', async () => {
    const { leg, identifier } = place(norr, '462010001');
    release((await next()).leg, identifier, { cause: 34 });
    release((await next()).leg, identifier, { cause: 42 });
    release((await next()).leg, identifier, { cause: 47 });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).cause).toBe(34);
    expect(world().record()).toMatchObject({ status: 34, routesTried: 3 });
  });

  it('that are almost out of resources come last', async () => {
    const { leg, identifier } = place(norr, '462010001');
    const { party: usual, leg: tried } = await next();
    await giveUp(leg, identifier);
    tried.take('setup');
    if (!usual.endpoint) throw new Error('registered');
    world().ras.endpoints.setResources(usual.endpoint, true);
    const second = place(norr, '462010001');
    const order = [];
    for (let n = 0; n < 3; n++) {
      const { party, leg: callee } = await next();
      order.push(party);
      release(callee, second.identifier, { cause: 42 });
    }
    expect(order.at(-1)).toBe(usual);
  });

  it('have each a T310 of their own: what the one before was given is not taken from the next', async () => {
    const { leg, identifier, callId } = place(norr, '462010001');
    const first = await next();
    proceed(first.leg, identifier);
    await world().pass(timers.establishmentMs - 100);
    release(first.leg, identifier, { cause: 42 });
    const second = await next();
    proceed(second.leg, identifier);
    await world().pass(timers.establishmentMs - 100);
    connect(second.leg, identifier);
    await world().settle();
    expect(leg.types).toEqual(['callProceeding', 'connect']);
    await hangUp(world(), { leg, identifier, callId, callee: second.leg });
  });

  it('do not end the call by the DRQ of the one that was left', async () => {
    const { leg, identifier, callId } = place(norr, '462010001');
    const first = await next();
    world().signalling.find(callId)?.disengaged(first.party.id, 'normalDrop');
    release(first.leg, identifier, { cause: 42 });
    const second = await next();
    alert(second.leg, identifier);
    await world().pass(3_000);
    expect(leg.types).toEqual(['alerting']);
    await giveUp(leg, identifier);
  });
});

describe('Q.931 timers', () => {
  async function ringing(): Promise<{ leg: TestLeg; identifier: Uint8Array; callee: TestLeg }> {
    const norr = await world().endpoint('461010001', 'norr');
    const syd = await world().endpoint('461020001', 'syd');
    const { leg, identifier } = place(norr, '461020001');
    const callee = await syd.called();
    callee.take('setup');
    return { leg, identifier, callee };
  }

  async function expectNoAnswer(leg: TestLeg, callee: TestLeg): Promise<void> {
    await world().pass(1);
    for (const side of [leg, callee]) {
      const message = side.received.pop();
      expect(message && releaseOf(message)).toMatchObject({ cause: 19, display: 'No answer' });
    }
    expect(world().record()).toMatchObject({ reason: 'noAnswer', status: 19 });
  }

  it('T310 ends a call that proceeds and does not ring', async () => {
    const { leg, identifier, callee } = await ringing();
    proceed(callee, identifier);
    await world().pass(timers.establishmentMs - 1);
    expect(callee.received).toEqual([]);
    await expectNoAnswer(leg, callee);
  });

  it('T310 bounds a call whose called side says anything but Call Proceeding as well', async () => {
    const { leg, identifier, callee } = await ringing();
    notify(callee, identifier);
    await world().pass(timers.establishmentMs - 1);
    expect(callee.received).toEqual([]);
    await expectNoAnswer(leg, callee);
  });

  it('T310 ends with Progress: an announcement may take its time', async () => {
    const { leg, identifier, callee } = await ringing();
    proceed(callee, identifier);
    await world().pass(1_000);
    progress(callee, identifier);
    await world().pass(timers.alertingMs - 1);
    expect(callee.received).toEqual([]);
    await expectNoAnswer(leg, callee);
  });

  it('T301 ends a call that rings in vain, and counts from the first Alerting', async () => {
    const { leg, identifier, callee } = await ringing();
    proceed(callee, identifier);
    await world().pass(10_000);
    alert(callee, identifier);
    await world().pass(timers.alertingMs - 1_000);
    alert(callee, identifier);
    proceed(callee, identifier);
    await world().pass(999);
    expect(callee.received).toEqual([]);
    await expectNoAnswer(leg, callee);
  });
});

describe('a neighbour gatekeeper', () => {
  const AT = { address: '10.4.7.7', port: 1720 };

  it('is asked where the alias is, and called there', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const far = world().stranger(AT.address);
    const { leg, identifier, callId } = place(norr, '464010005');
    await world().settle();
    const asked = world().lrqs();
    expect(asked.map(({ to }) => to).sort()).toEqual([PEER_A, PEER_B]);
    expect(asked[0]?.request).toMatchObject({
      destinationInfo: [{ type: 'dialedDigits', value: '464010005' }],
      callIdentifier: { guid: identifier },
      hopCount: 7,
    });
    for (const { to, request } of asked) world().locate(to, request.requestSeqNum, to === PEER_B ? AT : undefined);
    const callee = await far.called();
    connect(callee, identifier);
    await world().settle();
    leg.take('connect');
    await hangUp(world(), { leg, identifier, callId, callee });
    expect(world().record()).toMatchObject({
      route: `neighbour ost/${PEER_B}:1719`,
      callee: { zone: 'ost', alias: '464010005' },
      reason: 'completed',
    });
  });

  it('is asked anew after a call to where it led had failed', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const far = world().stranger(AT.address);
    far.reception = 'refuse';
    for (let n = 0; n < 2; n++) {
      const { leg } = place(norr, '464010005');
      await world().settle();
      const asked = world().lrqs();
      expect(asked.length).toBe(2);
      for (const { to, request } of asked) world().locate(to, request.requestSeqNum, AT);
      await world().settle();
      // The one whose answer counted led nowhere: the other may know better, and is asked by itself.
      const [other, ...more] = world().lrqs();
      expect(more).toEqual([]);
      if (other) world().locate(other.to, other.request.requestSeqNum, AT);
      await world().settle();
      expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'unreachableDestination', cause: 38 });
      expect(world().lrqs()).toEqual([]);
      expect(world().record()).toMatchObject({
        routesTried: 2,
        reason: 'zoneUnreachable',
        detail: expect.stringContaining('10.4.7.7:1720 takes no connection'),
      });
    }
  });

  it('that says no is what the caller hears', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const { leg } = place(norr, '464010005');
    await world().settle();
    for (const { to, request } of world().lrqs()) world().locate(to, request.requestSeqNum, undefined);
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'calledPartyNotRegistered', cause: 20 });
    expect(world().record()).toMatchObject({
      reason: 'calleeNotRegistered',
      detail: 'The gatekeeper of zone ost does not know 464010005 (LRJ requestDenied)',
      route: null,
    });
  });

  it('that is silent costs 400 ms, and the next caller nothing', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const { leg } = place(norr, '464010005');
    await world().pass(399);
    expect(leg.received).toEqual([]);
    await world().pass(1);
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'unreachableDestination', cause: 38 });
    expect(world().record()).toMatchObject({
      reason: 'zoneUnreachable',
      detail: 'No gatekeeper of zone ost answered the LRQ for 464010005',
    });
    world().datagrams.length = 0;
    const second = place(norr, '464010006');
    await world().settle();
    expect(releaseOf(second.leg.take('releaseComplete')).reason).toBe('unreachableDestination');
    expect(world().datagrams).toEqual([]);
  });

  it('that leads back to us is a loop', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const { leg } = place(norr, '464010005');
    await world().settle();
    for (const { to, request } of world().lrqs()) world().locate(to, request.requestSeqNum, { address: '10.0.0.1', port: 1720 });
    await world().settle();
    leg.take('releaseComplete');
    expect(world().record()).toMatchObject({ reason: 'loopDetected', status: 25, routesTried: 0 });
  });

  it('is let go of when the caller gives up while it is asked', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const far = world().stranger(AT.address);
    const { leg, identifier } = place(norr, '464010005');
    await world().settle();
    release(leg, identifier);
    for (const { to, request } of world().lrqs()) world().locate(to, request.requestSeqNum, AT);
    await world().settle();
    expect(far.wires).toEqual([]);
    expect(world().record()).toMatchObject({ reason: 'callerCancelled', routesTried: 0 });
  });
});
