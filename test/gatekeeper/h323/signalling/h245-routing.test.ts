import { describe, expect, it } from 'vitest';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import type { SocketAddress } from '../../../../src/gatekeeper/h323/signalling/context.js';
import { alert, calledOf, clearAudio, connect, digit, facility, hangUp, notify, open, place, proceed, release } from './calls.js';
import { releaseOf, type TestLeg } from './links.js';
import { type Party, useWorld } from './world.js';

const world = useWorld({ h245: 'route' });
const passing = useWorld({ h245: 'pass' });

const callerH245: SocketAddress = { address: '10.1.0.1', port: 9001 };
const calleeH245: SocketAddress = { address: '10.2.0.2', port: 9002 };

async function parties(): Promise<[Party, Party]> {
  return [await world().endpoint('461010001', 'norr'), await world().endpoint('461020001', 'syd')];
}

/** A call that stands, with stand-ins for the called side's H.245 address. */
async function standing(): Promise<{ leg: TestLeg; callee: TestLeg; identifier: Uint8Array; callId: string }> {
  const [norr, syd] = await parties();
  const placed = place(norr, '461020001', { setup: { h245Address: transportAddress(callerH245) } });
  const callee = await syd.called();
  callee.take('setup');
  connect(callee, placed.identifier, { h245Address: transportAddress(calleeH245) });
  await world().settle();
  placed.leg.take('connect');
  return { ...placed, callee };
}

const portOf = (index: number) => {
  const port = world().ports[index];
  if (!port) throw new Error(`no port ${index}`);
  return port;
};

describe('an H.245 address, led through us', () => {
  it('is one of ours, both ways, on the address that the party reaches us at, for its own IP address alone', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callId } = place(norr, '461020001', { setup: { h245Address: transportAddress(callerH245) } });
    const callee = await syd.called();
    const towardsCallee = portOf(0);
    expect(callee.takeBody('setup').h245Address).toEqual(transportAddress(towardsCallee.address));
    expect(towardsCallee.towards).toBe(callee.wire.link.connection);
    expect([syd, norr].map(({ address }) => towardsCallee.from(address.address))).toEqual([true, false]);
    proceed(callee, identifier, { h245Address: transportAddress(calleeH245) });
    alert(callee, identifier, { h245Address: transportAddress(calleeH245) });
    connect(callee, identifier, { h245Address: transportAddress(calleeH245) });
    await world().settle();
    const towardsCaller = portOf(1);
    expect(towardsCaller.towards).toBe(leg.wire.link.connection);
    expect([syd, norr].map(({ address }) => towardsCaller.from(address.address))).toEqual([false, true]);
    // The same stand-in for the same address.
    for (const type of ['callProceeding', 'alerting', 'connect'] as const) {
      expect(leg.takeBody(type).h245Address).toEqual(transportAddress(towardsCaller.address));
    }
    facility(leg, identifier, { reason: { type: 'startH245', value: null }, h245Address: transportAddress(callerH245) });
    await world().settle();
    expect(callee.takeBody('facility').h245Address).toEqual(transportAddress(towardsCallee.address));
    expect(world().ports.length).toBe(2);
    await hangUp(world(), { leg, identifier, callId, callee });
  });

  it('joins the two connections: messages go on in order, also those that came before the far one stood', async () => {
    const call = await standing();
    const near = portOf(1).connect(call.leg.wire.link.connection.remote.address);
    near.send(digit('1'));
    near.send(digit('2'));
    await world().settle();
    const far = world().h245Links.get('10.2.0.2:9002');
    near.send(digit('3'));
    far?.send(digit('4'));
    expect(far?.inbox.map((bytes) => Uint8Array.from(bytes))).toEqual([digit('1'), digit('2'), digit('3')]);
    expect(near.inbox.map((bytes) => Uint8Array.from(bytes))).toEqual([digit('4')]);
    await hangUp(world(), call);
    expect([near.closed, far?.closed]).toEqual(['ended-here', 'ended-here']);
  });

  it('closes one connection with the other, and the call goes on', async () => {
    const call = await standing();
    const near = portOf(1).connect(call.leg.wire.link.connection.remote.address);
    await world().settle();
    const far = world().h245Links.get('10.2.0.2:9002');
    far?.lose();
    expect(near.closed).toBe('ended-here');
    notify(call.leg, call.identifier);
    await world().settle();
    call.callee.take('notify');
    await hangUp(world(), call);
  });

  it('lets no more messages wait than a call has', async () => {
    const call = await standing();
    const near = portOf(1).connect(call.leg.wire.link.connection.remote.address);
    for (let n = 0; n < 33 && near.closed === undefined; n++) near.send(digit('1'));
    expect(near.closed).toBe('ended-here');
    await hangUp(world(), call);
  });

  it.each(['caller', 'callee'] as const)('ends the call when the %s opens a channel in clear on it', async (who) => {
    const call = await standing();
    const near = portOf(1).connect(call.leg.wire.link.connection.remote.address);
    await world().settle();
    const far = world().h245Links.get('10.2.0.2:9002');
    const [from, to] = who === 'caller' ? [near, far] : [far, near];
    from?.send(open(clearAudio));
    expect(to?.inbox).toEqual([]);
    expect(world().record()).toMatchObject({ reason: 'encryptionLost' });
    expect(world().record().detail).toContain(
      `${who === 'caller' ? '461010001' : '461020001'} opened a channel for audio without encryption`,
    );
    expect(releaseOf(call.leg.take('releaseComplete')).reason).toBe('securityDenied');
    expect(releaseOf(call.callee.take('releaseComplete')).reason).toBe('securityDenied');
    await world().settle();
  });

  it('keeps the messages of one direction in order while one waits for its port', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callId } = place(norr, '461020001');
    const callee = await syd.called();
    callee.take('setup');
    alert(callee, identifier, { h245Address: transportAddress(calleeH245) });
    notify(callee, identifier);
    connect(callee, identifier);
    await world().settle();
    expect(leg.types).toEqual(['alerting', 'notify', 'connect']);
    await hangUp(world(), { leg, identifier, callId, callee });
  });

  it('does not hold up a Release Complete', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier } = place(norr, '461020001');
    const callee = await syd.called();
    callee.take('setup');
    connect(callee, identifier, { h245Address: transportAddress(calleeH245) });
    release(callee, identifier, { cause: 16 });
    callee.wire.link.lose();
    expect(leg.types).toEqual(['releaseComplete']);
    await world().settle();
    expect(leg.types).toEqual(['releaseComplete']);
    expect(world().record()).toMatchObject({ reason: 'completed', status: 16 });
  });

  it('has a port for each gateway that is tried, which that one alone may use', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const gateways = [];
    for (let host = 1; host <= 2; host++) {
      gateways.push(await world().endpoint('', 'vik', { kind: 'gateway', prefixes: ['46201'], address: `10.7.0.${host}` }));
    }
    const { leg, identifier } = place(norr, '462010001', { setup: { h245Address: transportAddress(callerH245) } });
    const first = await calledOf(gateways);
    release(first.leg, identifier, { cause: 42 });
    const second = await calledOf(gateways);
    expect([portOf(0), portOf(1)].map(({ open }) => open)).toEqual([false, true]);
    const addresses = [first, second].map(({ party }) => party.address.address);
    expect([portOf(0), portOf(1)].map(({ from }) => addresses.map(from))).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(second.leg.takeBody('setup').h245Address).toEqual(transportAddress(portOf(1).address));
    release(leg, identifier);
    await world().settle();
  });

  it.each(['caller', 'callee'] as const)('ends the call when no port is free for that of the %s', async (who) => {
    world().freePorts = 0;
    const [norr, syd] = await parties();
    const setup = who === 'caller' ? { h245Address: transportAddress(callerH245) } : {};
    const { leg, identifier } = place(norr, '461020001', { setup });
    await world().settle();
    if (who === 'callee') {
      const callee = await syd.called();
      connect(callee, identifier, { h245Address: transportAddress(calleeH245) });
      await world().settle();
      expect(callee.received.pop()?.q931.type).toBe('releaseComplete');
    } else {
      // The connection was opened; nothing was said on it.
      expect(syd.wires.map(({ strays }) => strays)).toEqual([[]]);
      expect(syd.incoming).toEqual([]);
    }
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'gatekeeperResources', cause: 42 });
    expect(world().record()).toMatchObject({ reason: 'overloaded', detail: expect.stringContaining('h323.h245.ports') });
  });
});

it('passes H.245 addresses as they are where they are not led through us', async () => {
  const norr = await passing().endpoint('461010001', 'norr');
  const syd = await passing().endpoint('461020001', 'syd');
  const { leg, identifier, callId } = place(norr, '461020001', { setup: { h245Address: transportAddress(callerH245) } });
  const callee = await syd.called();
  expect(callee.takeBody('setup').h245Address).toEqual(transportAddress(callerH245));
  connect(callee, identifier, { h245Address: transportAddress(calleeH245) });
  await passing().settle();
  expect(leg.takeBody('connect').h245Address).toEqual(transportAddress(calleeH245));
  await hangUp(passing(), { leg, identifier, callId, callee });
});
