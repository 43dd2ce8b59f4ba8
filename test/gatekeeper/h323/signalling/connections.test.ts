import { describe, expect, it } from 'vitest';
import { writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { callStateOf, causeOf } from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import { alert, connect, digit, hangUp, notify, place, proceed, release, talk, tunnel } from './calls.js';
import { releaseOf, TestLeg } from './links.js';
import { type Party, timers, useWorld } from './world.js';

const world = useWorld();

async function parties(): Promise<[Party, Party]> {
  return [await world().endpoint('461010001', 'norr'), await world().endpoint('461020001', 'syd')];
}

describe('a connection', () => {
  it('is closed with its call on both sides', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    expect([standing.leg.wire.link.closed, standing.callee.wire.link.closed]).toEqual([undefined, undefined]);
    await hangUp(world(), standing);
    expect([standing.leg.wire.link.closed, standing.callee.wire.link.closed]).toEqual(['ended-here', 'ended-here']);
  });

  it('stays where the far end wants it kept, is needed for nothing, and ends with the gatekeeper', async () => {
    world().kept = 1;
    const [norr, syd] = await parties();
    const wire = norr.dial();
    const standing = await talk(norr, syd, { wire, setup: { maintainConnection: true } });
    expect(world().signalling.isNeeded(wire.link.connection)).toBe(true);
    await hangUp(world(), standing);
    expect(wire.link.closed).toBeUndefined();
    expect(world().signalling.isNeeded(wire.link.connection)).toBe(false);
    const again = await talk(norr, syd, { wire });
    await hangUp(world(), again);
    expect(wire.link.closed).toBeUndefined();
  });

  it('carries several calls of the caller, each by its own reference', async () => {
    const [norr, syd] = await parties();
    const wire = norr.dial();
    const first = await talk(norr, syd, { wire });
    const second = await talk(norr, syd, { wire });
    notify(second.leg, second.identifier);
    await world().settle();
    expect(second.callee.types).toEqual(['notify']);
    expect(first.callee.types).toEqual([]);
    await hangUp(world(), first);
    expect(wire.link.closed).toBeUndefined();
    await hangUp(world(), second);
    expect(wire.link.closed).toBe('ended-here');
  });

  it('to one who takes several calls on it is used again, and one for each call is opened to who does not', async () => {
    const [norr, syd] = await parties();
    const calls = [];
    for (const multipleCalls of [true, true, false, undefined]) {
      const placed = place(norr, '461020001');
      const callee = await syd.called();
      connect(callee, placed.identifier, { multipleCalls });
      await world().settle();
      calls.push({ ...placed, callee });
    }
    expect(calls.map(({ callee }) => syd.wires.indexOf(callee.wire))).toEqual([0, 0, 0, 1]);
    expect(new Set(calls.slice(0, 3).map(({ callee }) => callee.callReference)).size).toBe(3);
    for (const call of calls) await hangUp(world(), call);
  });

  it('that was kept and breaks under a Setup is replaced by a new one, once', async () => {
    const [norr, syd] = await parties();
    const first = place(norr, '461020001');
    const kept = await syd.called();
    connect(kept, first.identifier, { multipleCalls: true, maintainConnection: true });
    await world().settle();
    await hangUp(world(), { ...first, callee: kept });
    const { leg } = place(norr, '461020001');
    tunnel(leg, digit('1'));
    const unheard = await syd.called();
    expect(unheard.wire).toBe(kept.wire);
    kept.wire.link.lose();
    const callee = await syd.called();
    expect(callee.wire).not.toBe(kept.wire);
    expect(callee.types).toEqual(['setup', 'facility']);
    callee.wire.link.lose();
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).reason).toBe('unreachableDestination');
    expect(world().record()).toMatchObject({ reason: 'calleeUnreachable', routesTried: 1 });
    expect(syd.wires.length).toBe(2);
  });

  it('that takes one call at a time and is kept is used again when it is free', async () => {
    world().kept = 1;
    const [norr, syd] = await parties();
    for (let n = 0; n < 3; n++) {
      const placed = place(norr, '461020001');
      const callee = await syd.called();
      connect(callee, placed.identifier, { multipleCalls: false, maintainConnection: true });
      await world().settle();
      await hangUp(world(), { ...placed, callee });
    }
    expect(syd.wires.length).toBe(1);
  });

  it.each([
    ['says nothing any more', () => world().pass(timers.setupMs)],
    [
      'has no room',
      (leg: TestLeg, identifier: Uint8Array) =>
        release(leg, identifier, { reason: { type: 'newConnectionNeeded', value: null }, cause: 47 }),
    ],
  ])('that several share and %s is left for a new one', async (_, fail) => {
    const [norr, syd] = await parties();
    const first = place(norr, '461020001');
    const shared = await syd.called();
    connect(shared, first.identifier, { multipleCalls: true });
    await world().settle();
    const second = place(norr, '461020001');
    const unheard = await syd.called();
    expect(unheard.wire).toBe(shared.wire);
    await fail(unheard, second.identifier);
    const callee = await syd.called();
    expect(callee.wire).not.toBe(shared.wire);
    connect(callee, second.identifier, { multipleCalls: true });
    await world().settle();
    await hangUp(world(), { ...second, callee });
    await hangUp(world(), { ...first, callee: shared });
    expect(world().records.map(({ reason }) => reason)).toEqual(['completed', 'completed']);
  });

  it('on which a call reference is used for another call lets go of the first', async () => {
    const [norr, syd] = await parties();
    const first = await talk(norr, syd);
    const { identifier } = place(norr, '461020001', { leg: first.leg });
    const callee = await syd.called();
    expect(world().record()).toMatchObject({ reason: 'connectionLost' });
    first.callee.take('releaseComplete');
    callee.take('setup');
    release(first.leg, identifier);
    callee.take('releaseComplete');
  });

  it('with one call of a number takes a message whose flag is wrong for that call', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callee } = await talk(norr, syd);
    const wrong = new TestLeg(leg.wire, leg.callReference, !leg.fromGatekeeper);
    release(wrong, identifier);
    await world().settle();
    callee.take('releaseComplete');
    expect(world().record()).toMatchObject({ reason: 'completed' });
  });

  it('that is lost ends every call on it', async () => {
    const [norr, syd] = await parties();
    const wire = norr.dial();
    const first = await talk(norr, syd, { wire });
    const second = place(norr, '461020001', { wire });
    const ringing = await syd.called();
    alert(ringing, second.identifier);
    await world().settle();
    wire.link.lose();
    expect(world().records.map(({ reason }) => reason)).toEqual(['connectionLost', 'callerCancelled']);
    first.callee.take('releaseComplete');
    expect(ringing.received.pop()?.q931.type).toBe('releaseComplete');
  });

  it('is asked whether it stands as long as it carries a call', async () => {
    const [norr, syd] = await parties();
    const idle = norr.dial();
    const standing = await talk(norr, syd);
    world().signalling.keepAlive();
    expect([idle, standing.leg.wire, standing.callee.wire].map(({ link }) => link.keepAlives)).toEqual([0, 1, 1]);
    await hangUp(world(), standing);
    idle.link.lose();
  });

  it('that a party opens to itself carries both its legs: equal numbers, told apart by the flag', async () => {
    world().kept = 1;
    const vik = await world().endpoint('gw', 'vik', { kind: 'gateway', prefixes: ['46201'] });
    const norr = await world().endpoint('461010001', 'norr');
    // The gatekeeper calls the gateway, which takes more on that connection, and calls back on the same with the same number.
    const inward = place(norr, '462010001');
    const called = await vik.called();
    connect(called, inward.identifier, { multipleCalls: true, maintainConnection: true });
    await world().settle();
    const { wire, callReference } = called;
    const outward = wire.leg(callReference);
    place(vik, '461010001', { wire: Object.assign(Object.create(wire), { leg: () => outward }) });
    const rung = await norr.called();
    rung.take('setup');
    called.take('setup');
    tunnel(called, digit('1'));
    tunnel(outward, digit('2'));
    await world().settle();
    expect(inward.leg.received.pop()?.uuie?.['h323-uu-pdu'].h245Control).toEqual([digit('1')]);
    expect(rung.received.pop()?.uuie?.['h323-uu-pdu'].h245Control).toEqual([digit('2')]);
    release(inward.leg, inward.identifier, { cause: 16 });
    await world().settle();
    expect(called.types).toEqual(['releaseComplete']);
    expect(outward.types).toEqual([]);
    release(rung, inward.identifier, { cause: 17 });
    await world().settle();
    expect(releaseOf(outward.take('releaseComplete')).cause).toBe(17);
  });
});

describe('a connection’s calls', () => {
  const two = useWorld({ callsPerConnection: 2 });

  it('are so many at most: the next is to come on another', async () => {
    const norr = await two().endpoint('461010001', 'norr');
    const syd = await two().endpoint('461020001', 'syd');
    const wire = norr.dial();
    const calls = [await talk(norr, syd, { wire }), await talk(norr, syd, { wire })];
    const third = place(norr, '461020001', { wire });
    expect(releaseOf(third.leg.take('releaseComplete'))).toMatchObject({ reason: 'newConnectionNeeded', cause: 47 });
    expect(two().signalling.size).toBe(2);
    for (const call of calls) await hangUp(two(), call);
  });

  it('to a gateway are so many at most: the next goes on another', async () => {
    const norr = await two().endpoint('461010001', 'norr');
    const syd = await two().endpoint('461020001', 'syd');
    const calls = [];
    for (let n = 0; n < 3; n++) {
      const placed = place(norr, '461020001');
      const callee = await syd.called();
      connect(callee, placed.identifier, { multipleCalls: true });
      await two().settle();
      calls.push({ ...placed, callee });
    }
    expect(syd.wires.length).toBe(2);
    for (const call of calls) await hangUp(two(), call);
  });
});

describe('a message', () => {
  it('that concerns no call is answered so that the far end lets go of it', async () => {
    const wire = world().stranger('10.1.0.9').dial();
    const stray = wire.leg(77);
    const identifier = new Uint8Array(16);
    alert(stray, identifier);
    expect(releaseOf(stray.take('releaseComplete'))).toMatchObject({ reason: 'undefinedReason', cause: 81 });
    stray.sendBare('statusInquiry');
    const status = stray.take('status');
    expect([causeOf(status.q931)?.value, callStateOf(status.q931)]).toEqual([81, 0]);
    release(stray, identifier);
    stray.sendBare('status');
    expect(stray.received).toEqual([]);
    wire.link.lose();
  });

  it('with the global call reference concerns nobody', async () => {
    const wire = world().stranger('10.1.0.9').dial();
    const q931 = { callReference: 0, fromDestination: false, type: 'statusInquiry', elements: [] } as const;
    wire.link.send(writeH225({ q931, uuie: undefined }));
    expect(wire.strays).toEqual([]);
    wire.link.lose();
  });

  it('that is no Q.931 is passed over, and told of; so is a Setup without H.323, which is refused', async () => {
    const wire = world().stranger('10.1.0.9').dial();
    wire.link.send(Buffer.from('GET / HTTP/1.1'));
    wire.leg(5).sendBare('setup');
    expect(world().malformed.splice(0)).toEqual([
      'The protocol discriminator is 71, not 8: this is not Q.931 call control (Q.931 §4.2)',
      'The Setup has no Setup-UUIE: this is ISDN, not H.323',
    ]);
    expect(world().records).toEqual([]);
    expect(wire.link.closed).toBe('ended-here');
  });

  it('that is the Setup once more changes nothing', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier } = place(norr, '461020001');
    const callee = await syd.called();
    const wire = Object.assign(Object.create(leg.wire), { leg: () => leg });
    place(norr, '461020001', { wire, setup: { callIdentifier: { guid: identifier } } });
    await world().settle();
    expect(leg.received).toEqual([]);
    expect(callee.types).toEqual(['setup']);
    expect(world().signalling.size).toBe(1);
    release(leg, identifier);
  });
});

it('a Status Inquiry of the caller is answered by us until the called side has said something', async () => {
  const [norr, syd] = await parties();
  const { leg, identifier } = place(norr, '461020001');
  const value = { protocolIdentifier: '0.0.8.2250.0.5', callIdentifier: { guid: identifier } };
  const callee = await syd.called();
  leg.sendBody('statusInquiry', { type: 'statusInquiry', value });
  const status = leg.take('status');
  expect([causeOf(status.q931)?.value, callStateOf(status.q931)]).toEqual([30, 1]);
  expect(callee.types).toEqual(['setup']);
  proceed(callee, identifier);
  leg.sendBody('statusInquiry', { type: 'statusInquiry', value });
  await world().settle();
  expect(callee.types).toEqual(['setup', 'statusInquiry']);
  release(leg, identifier);
});

it('TLS leads to the address that the endpoint gave for it', async () => {
  const norr = await world().endpoint('461010001', 'norr');
  const syd = await world().endpoint('461020001', 'syd', { tls: { address: '10.2.0.2', port: 1300 } });
  const { leg, identifier } = place(norr, '461020001');
  const callee = await syd.called();
  expect(callee.wire.link.connection).toMatchObject({ secure: true, remote: { port: 1300 } });
  release(leg, identifier);
});
