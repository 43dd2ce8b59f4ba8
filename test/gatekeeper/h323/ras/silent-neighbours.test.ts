import { afterEach, expect, test } from 'vitest';
import type { RasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { Located } from '../../../../src/gatekeeper/h323/ras/neighbours.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { digits, lrq } from './messages.js';
import { anywhere, peerA, RasWorld, settled } from './world.js';

const GOOD = '464010001';
const SILENT = '464010666';

const ended = { callIdentifier: '0'.repeat(32), conferenceId: '0'.repeat(32), callReferenceValue: 1, answered: false };

let world: RasWorld;
afterEach(() => world.close());

/** A world with one neighbour of one peer. */
function open(): RasWorld {
  world = new RasWorld({
    settings: { lrq: { timeoutMs: 400, retries: 0, cacheSeconds: 0 } },
    plan: (plan) => {
      const zone = plan.organisations.ost?.zones.ost;
      if (zone) zone.peers = [{ host: peerA.address, port: peerA.port }];
    },
  });
  return world;
}

function ost() {
  const zone = world.plan.zones.get('ost');
  if (zone?.kind !== 'h323-neighbour') throw new Error('the plan has no such neighbour');
  return zone;
}

const locate = (number: string): Promise<Located> =>
  world.gatekeeper.neighbours.locate({
    zone: ost(),
    peers: ost().peers,
    alias: digits(number),
    callIdentifier: undefined,
    hopCount: undefined,
  });

const isUp = (): boolean => ost().peers.every(({ id }) => world.gatekeeper.neighbours.health.isUp(id));

/** The neighbour, which answers what it knows; gives the answers that it would have sent to the rest. */
async function answer(): Promise<RasMessage[]> {
  const kept: RasMessage[] = [];
  for (const { message } of await world.take()) {
    if (message.type !== 'locationRequest') continue;
    const { requestSeqNum, destinationInfo } = message.value;
    const confirm: RasMessage = {
      type: 'locationConfirm',
      value: { requestSeqNum, callSignalAddress: transportAddress({ ...peerA, port: 1720 }), rasAddress: transportAddress(peerA) },
    };
    if (destinationInfo.some(({ value }) => value === SILENT)) kept.push(confirm);
    else world.send(confirm, peerA);
  }
  await settled();
  return kept;
}

/** One call to a number: what became of its question. */
async function call(number: string): Promise<Located['outcome']> {
  const located = locate(number);
  await answer();
  await world.pass(500);
  return (await located).outcome;
}

test('a number of which a neighbour says nothing cuts it off for a moment, not for good', async () => {
  open();
  expect(await call(SILENT)).toBe('silent');
  expect(isUp()).toBe(false);
  await world.pass(1000);
  expect(await world.take()).toEqual([]);
  expect(isUp()).toBe(true);
  expect(await call(GOOD)).toBe('found');
  expect(world.peerChanges.map((change) => change.split(' ').at(-1))).toEqual(['down', 'up']);
});

test('one question tries a neighbour that was down; until it is answered nobody else waits for it', async () => {
  open();
  await call(SILENT);
  await world.pass(1000);
  const first = locate(GOOD);
  await settled();
  expect(isUp()).toBe(false);
  await answer();
  expect((await first).outcome).toBe('found');
  expect(isUp()).toBe(true);
});

test('one that stays silent is tried more and more seldom', async () => {
  open();
  let asked = 0;
  for (let second = 0; second < 300; second++) {
    if (isUp()) {
      asked += 1;
      void locate(GOOD);
    }
    await world.pass(1000);
  }
  expect(asked).toBeGreaterThan(10);
  expect(asked).toBeLessThan(20);
});

test('many questions that stay unanswered together are one silence', async () => {
  open();
  for (let i = 0; i < 9; i++) void locate(`46401000${i}`);
  await settled();
  await world.pass(500);
  expect(isUp()).toBe(false);
  await world.pass(1000);
  expect(isUp()).toBe(true);
});

test('a late answer, and a question of its own, show that it is there', async () => {
  open();
  const located = locate(SILENT);
  const [late] = await answer();
  await world.pass(500);
  expect((await located).outcome).toBe('silent');
  if (!late) throw new Error('nobody was asked');
  world.send(late, anywhere(1));
  expect(isUp()).toBe(false);
  world.send(late, peerA);
  expect(isUp()).toBe(true);

  await call(SILENT);
  expect(isUp()).toBe(false);
  await world.ask(lrq(peerA, [digits('461010001')]), peerA);
  expect(isUp()).toBe(true);
});

test('endpoints whose time is up are not asked while that would take the room of callers', async () => {
  open();
  const endpoint = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(58_000);
  for (let i = 0; i < 2500; i++) void world.gatekeeper.questions.disengage(endpoint, ended);
  await world.take();
  const types = async () => new Set((await world.take()).map(({ message }) => message.type));
  await world.pass(5000);
  expect([...(await types())]).toEqual(['disengageRequest']);
  expect(await call(GOOD)).toBe('found');
  await world.pass(3000);
  expect([...(await types())]).toEqual(['infoRequest']);
});

test('a neighbour that could not be asked for want of room is not down', async () => {
  open();
  const endpoint = await world.register(1, [digits('461010001')]);
  for (let i = 0; i < 5000; i++) void world.gatekeeper.questions.disengage(endpoint, ended);
  expect((await locate(GOOD)).outcome).toBe('silent');
  expect(isUp()).toBe(true);
  // Nor is an endpoint gone that could not be asked whether it is there.
  expect(await world.gatekeeper.questions.isThere(endpoint)).toBe(true);
  await world.pass(7000);
  expect(await call(GOOD)).toBe('found');
});
