import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Located } from '../../../../src/gatekeeper/h323/ras/neighbours.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { Hints } from '../../../support/hints.js';
import type { TestPlan } from '../../../support/plan.js';
import { digits } from './messages.js';
import { peerA, peerB, RasWorld, settled } from './world.js';

const NUMBER = '464010001';
const SIGNAL = { address: '192.0.2.77', port: 1720 };

let hints: Hints;
let first: RasWorld;
let second: RasWorld;

/** Two instances; the zone's peers are asked in order. */
function open(change: (plan: TestPlan) => void = () => undefined, cacheSeconds = 30): void {
  hints = new Hints();
  const world = (name: string) =>
    new RasWorld({
      hints: hints.join(name),
      settings: { lrq: { timeoutMs: 400, retries: 0, cacheSeconds } },
      plan: (plan) => {
        const zone = plan.organisations.ost?.zones.ost;
        if (zone) zone.search = 'in-order';
        change(plan);
      },
    });
  first = world('first');
  second = world('second');
}

beforeEach(() => open());
afterEach(() => {
  for (const world of [first, second]) world.close();
  expect(hints.listeners).toBe(0);
});

async function pass(ms: number): Promise<void> {
  await Promise.all([first.pass(ms), second.pass(ms)]);
}

function question(world: RasWorld, number = NUMBER) {
  const zone = world.plan.zones.get('ost');
  if (zone?.kind !== 'h323-neighbour') throw new Error('the plan has no such neighbour');
  return { zone, peers: zone.peers, alias: digits(number), callIdentifier: undefined, hopCount: undefined };
}

/** Peers of ost, in the order of the plan. */
function peers(world: RasWorld): { readonly id: string; readonly up: boolean; readonly answers: boolean }[] {
  const { health } = world.gatekeeper.neighbours;
  return question(world).peers.map(({ id }) => ({ id, up: health.isUp(id), answers: world.gatekeeper.neighbours.answers(id) }));
}

/** One call's question: what became of it, and who was asked. `silent`: who says nothing. */
async function locate(world: RasWorld, { number = NUMBER, silent = [] as readonly string[], reject = false } = {}) {
  const located: Promise<Located> = world.gatekeeper.neighbours.locate(question(world, number));
  const asked: string[] = [];
  for (let turn = 0; turn < 2; turn++) {
    for (const { message, to } of await world.take()) {
      if (message.type !== 'locationRequest') continue;
      asked.push(to.address);
      if (silent.includes(to.address)) continue;
      const { requestSeqNum } = message.value;
      if (reject)
        world.send({ type: 'locationReject', value: { requestSeqNum, rejectReason: { type: 'notRegistered', value: null } } }, to);
      else {
        const value = { requestSeqNum, callSignalAddress: transportAddress(SIGNAL), rasAddress: transportAddress(to) };
        world.send({ type: 'locationConfirm', value: { ...value, destinationInfo: [digits(NUMBER)] } }, to);
      }
    }
    await settled();
    if (silent.length > 0) await pass(400);
  }
  return { located: await located, asked };
}

describe('what a neighbour answered', () => {
  test('spares the next caller of another instance the question, for as long as it is good', async () => {
    const { located } = await locate(first);
    expect(located).toMatchObject({ outcome: 'found', signalAddress: SIGNAL, destinationInfo: [digits(NUMBER)] });
    await pass(10_000);
    expect(await locate(second)).toEqual({ located, asked: [] });
    expect(second.located).toEqual([{ located, cached: true }]);
    await pass(20_000);
    expect((await locate(second)).asked).toEqual([peerA.address]);
    expect(hints.told.filter(({ kind }) => kind === 'located')).toHaveLength(2);
  });

  test('told twice or late it is good for no longer', async () => {
    await locate(first);
    const [told] = hints.told;
    if (!told) throw new Error('nothing was told');
    await pass(20_000);
    hints.tellAll(told.kind, told.value, 'first');
    await pass(9000);
    expect((await locate(second)).asked).toEqual([]);
    await pass(1000);
    hints.tellAll(told.kind, told.value, 'first');
    expect((await locate(second)).asked).toEqual([peerA.address]);
  });

  test('that it does not know the number is asked for again, and told nobody', async () => {
    await locate(first, { reject: true });
    expect(hints.told).toEqual([]);
    expect((await locate(second)).asked).toEqual([peerA.address]);
  });

  test('is forgotten by all when a call to it failed, unless they have a newer one', async () => {
    await locate(first);
    await pass(1000);
    first.gatekeeper.neighbours.forget(question(first));
    await settled();
    expect((await locate(second)).asked).toEqual([peerA.address]);
    const told = hints.told.find(({ value }) => !value.includes(SIGNAL.address));
    hints.tellAll('located', told?.value ?? '', 'first');
    expect((await locate(second)).asked).toEqual([]);
    first.gatekeeper.neighbours.forget(question(first, '464010002'));
    expect(hints.told).toHaveLength(3);
  });

  test('counts where its peer is in the plan, and until the plan is read again', async () => {
    await locate(first);
    const [told] = hints.told;
    if (!told) throw new Error('nothing was told');
    second.reload((plan) => {
      const zone = plan.organisations.ost?.zones.ost;
      if (zone) zone.peers = [{ host: peerB.address, port: peerB.port }];
    });
    hints.tellAll(told.kind, told.value, 'first');
    expect((await locate(second)).asked).toEqual([peerB.address]);
  });

  test('of a peer of another zone is no answer for this one', async () => {
    for (const world of [first, second]) world.close();
    const west = '192.0.2.210';
    open((plan) => {
      const { ost } = plan.organisations;
      if (!ost) return;
      const zones = { west: { kind: 'h323-neighbour' as const, peers: [{ host: west, port: 1719 }] } };
      plan.organisations.west = { ...structuredClone(ost), series: [{ prefix: 46501, digits: 4 }], domains: ['west.example'], zones };
    });
    await locate(first);
    const told = hints.told[0]?.value ?? '';
    expect(told).toContain(`ost/${peerA.address}`);
    hints.tellAll('located', told.replace(NUMBER, '464010003').replace(`ost/${peerA.address}`, `west/${west}`), 'first');
    hints.tellAll('located', told.replace(`ost dialedDigits ${NUMBER}`, 'nonsense'), 'first');
    expect((await locate(second, { number: '464010003' })).asked).toEqual([peerA.address]);
    hints.tellAll('located', told.replace(NUMBER, '464010004'), 'first');
    expect((await locate(second, { number: '464010004' })).asked).toEqual([]);
  });

  test('is nothing where nothing is remembered', async () => {
    for (const world of [first, second]) world.close();
    open(() => undefined, 0);
    await locate(first);
    expect(hints.told).toEqual([]);
    hints.tellAll(
      'located',
      `1 ["ost dialedDigits ${NUMBER}",${second.clock.now() + 9000},"192.0.2.77",1720,0,"${peers(second)[0]?.id}",0]`,
      'first',
    );
    expect((await locate(second)).asked).toEqual([peerA.address]);
  });
});

describe('a neighbour that is silent to another instance', () => {
  test('is asked last, and costs the caller nothing', async () => {
    await locate(first, { silent: [peerA.address] });
    expect(peers(first)[0]).toMatchObject({ up: false, answers: false });
    // Whether it answers this instance nobody knows yet.
    expect(peers(second)[0]).toMatchObject({ up: true, answers: true });
    expect((await locate(second, { number: '464010002' })).asked).toEqual([peerB.address]);
    expect(second.peerChanges).toEqual([]);
    await pass(30_000);
    expect((await locate(second, { number: '464010003' })).asked).toEqual([peerA.address]);
  });

  test('is down here too when it says nothing here, told nobody again, and up when it answers', async () => {
    await locate(first, { silent: [peerA.address] });
    await locate(second, { number: '464010002', silent: [peerA.address, peerB.address] });
    expect(second.peerChanges.map((change) => change.split(' ').at(-1))).toEqual(['down', 'down']);
    expect(hints.told.filter(({ kind, value }) => kind === 'peer' && value.includes(peerA.address))).toHaveLength(1);
    second.gatekeeper.neighbours.heard(peerA.address);
    await settled();
    expect(peers(second)[0]).toMatchObject({ up: true, answers: true });
    // And the other tries it with its next question.
    expect(peers(first)[0]).toMatchObject({ up: true, answers: false });
  });

  test('stays what it was where it was heard a moment ago, or has nobody to stand in for it', async () => {
    await locate(second, { number: '464010002' });
    await locate(first, { number: '464010003', silent: [peerA.address] });
    expect((await locate(second, { number: '464010004' })).asked).toEqual([peerA.address]);
    await pass(10_000);
    second.gatekeeper.neighbours.reset(() => true);
    hints.tellAll('peer', `1 down ${peers(second)[1]?.id}`, 'first');
    hints.tellAll('peer', `1 down ${peers(second)[0]?.id}`, 'first');
    expect((await locate(second, { number: '464010005' })).asked).toEqual([peerA.address]);
  });

  test('is tried by one question at a time, and trusted again when that is answered', async () => {
    const [one] = peers(second);
    hints.tellAll('peer', `1 down ${one?.id}`, 'first');
    const located = second.gatekeeper.neighbours.locate({ ...question(second), peers: question(second).peers.slice(0, 1) });
    expect(peers(second)[0]).toMatchObject({ up: false, answers: true });
    const [asked] = await second.take();
    if (asked?.message.type !== 'locationRequest') throw new Error('nobody was asked');
    const { requestSeqNum } = asked.message.value;
    const value = { requestSeqNum, callSignalAddress: transportAddress(SIGNAL), rasAddress: transportAddress(peerA) };
    second.send({ type: 'locationConfirm', value }, peerA);
    expect((await located).outcome).toBe('found');
    expect(peers(second)[0]).toMatchObject({ up: true, answers: true });
    expect(second.peerChanges).toEqual([]);
    expect((await locate(second, { number: '464010009' })).asked).toEqual([peerA.address]);
  });

  test('is nothing to who does not have it in the plan', async () => {
    for (const id of ['trunk/192.0.2.7:5060;udp', 'ost/192.0.2.99:1719', 'norr/192.0.2.201:1719', '/', 'ost'])
      hints.tellAll('peer', `1 down ${id}`, 'first');
    expect(peers(second).map(({ up }) => up)).toEqual([true, true]);
    expect((await locate(second)).asked).toEqual([peerA.address]);
  });
});
