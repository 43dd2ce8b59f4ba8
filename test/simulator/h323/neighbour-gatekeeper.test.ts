import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { Call } from '../../../src/simulator/h323/call.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import { NeighbourGatekeeper, type NeighbourGatekeeperOptions } from '../../../src/simulator/h323/neighbour-gatekeeper.js';
import { until } from '../../support/until.js';

const open: { close(): Promise<void> }[] = [];

async function neighbour(options: Partial<NeighbourGatekeeperOptions> = {}): Promise<NeighbourGatekeeper> {
  const started = await NeighbourGatekeeper.start({ address: '127.0.0.5', ...options });
  open.push(started);
  return started;
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

describe('a neighbour gatekeeper', () => {
  it('says where its endpoints are, and that others are not there', async () => {
    const there = { address: '127.0.0.9', port: 1720 };
    const [north, south] = [await neighbour({ gatekeeperId: 'north' }), await neighbour({ endpoints: new Map([['461020001', there]]) })];
    expect(await north.locate('461020001', south.rasAddress, { hopCount: 3, callIdentifier: Buffer.alloc(16, 7) })).toEqual({
      outcome: 'found',
      signalAddress: there,
      rasAddress: south.rasAddress,
    });
    expect(await north.locate('461020002', south.rasAddress)).toEqual({ outcome: 'rejected', reason: 'notRegistered' });
    expect(south.askedTimes).toBe(2);
    expect(south.asks).toMatchObject([
      { aliases: ['461020001'], hopCount: 3, from: north.rasAddress, callIdentifier: Buffer.alloc(16, 7) },
      { aliases: ['461020002'], hopCount: undefined, callIdentifier: undefined },
    ]);
    expect(south.asks[0]?.request.gatekeeperIdentifier).toBe('north');
  });

  it('rejects as it was told to, and is silent as it was told to', async () => {
    const clock = new VirtualClock();
    const north = await neighbour({ clock, rasTimers: { timeoutMs: 400, attempts: 2 } });
    const full = await neighbour({ reject: { type: 'resourceUnavailable', value: null } });
    expect(await north.locate('1', full.rasAddress)).toEqual({ outcome: 'rejected', reason: 'resourceUnavailable' });
    const silent = await neighbour({ silent: true });
    const located = north.locate('1', silent.rasAddress);
    for (const times of [1, 2]) {
      await until(
        () => silent.askedTimes === times,
        () => `LRQ number ${times}`,
      );
      clock.advance(400);
    }
    expect(await located).toEqual({ outcome: 'silent' });
  });

  it('takes its time, with RIP', async () => {
    const clock = new VirtualClock();
    const slow = await neighbour({ clock, routed: true, delayMs: 5000, inProgressMs: 8000 });
    const asking = new VirtualClock();
    const north = await neighbour({ clock: asking, rasTimers: { timeoutMs: 400, attempts: 1 } });
    const located = north.locate('1', slow.rasAddress);
    await until(
      () => slow.askedTimes === 1,
      () => 'the LRQ',
    );
    // RIP was sent before this answer is, and comes first.
    await slow.locate('2', north.rasAddress);
    asking.advance(7000);
    clock.advance(5000);
    expect(await located).toMatchObject({ outcome: 'found', signalAddress: slow.signalAddress });
  });

  it('calls with a Setup from its own address, and takes calls where it routes itself', async () => {
    const bo = await H323Endpoint.start({ address: '127.0.0.3', aliases: [{ e164: '461020001' }] });
    open.push(bo);
    const south = await neighbour({ endpoints: new Map([['461020001', bo.signalAddress]]) });
    const north = await neighbour({ address: '127.0.0.6', routed: true });
    const call = await north.call('461020001', south.rasAddress, '461010001');
    if (!(call instanceof Call)) throw new Error(`not found: ${call.outcome}`);
    await call.mediaReady;
    const [came] = bo.incoming;
    expect(came?.signalling?.connection.remote.address).toBe('127.0.0.6');
    expect(came?.callingAliases).toEqual(['461010001']);
    const back = await south.call('461010001', north.rasAddress, '461020001');
    if (!(back instanceof Call)) throw new Error(`not found: ${back.outcome}`);
    await back.mediaReady;
    expect(north.incoming).toHaveLength(1);
  });
});
