import { afterEach, expect, test } from 'vitest';
import type { RegistrationStore } from '../../../../src/state/store.js';
import { digits, irr, keepAlive, name, rrq, urq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, norr, RasWorld, settled } from './world.js';

let world: RasWorld;
afterEach(() => world.close());

/** A world over a store whose answers can be held back, or fail. */
function open(): { hold(): void; release(): Promise<void>; fail(count: number): void } {
  world = new RasWorld();
  const store: RegistrationStore = world.store.registrations;
  const apply = store.applyAll.bind(store);
  const waiting: (() => void)[] = [];
  let holds = false;
  let failures = 0;
  store.applyAll = async (changes) => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('the store is away');
    }
    if (holds) await new Promise<void>((resolve) => waiting.push(resolve));
    return apply(changes);
  };
  return {
    hold: () => {
      holds = true;
    },
    release: async () => {
      holds = false;
      while (waiting.length > 0) {
        waiting.shift()?.();
        await settled();
      }
    },
    fail: (count) => {
      failures = count;
    },
  };
}

const types = async (): Promise<string[]> => (await world.take()).map(({ message }) => message.type);

test('a URQ that comes while an RRQ is with the store leaves nothing behind', async () => {
  const store = open();
  const endpoint = await world.register(1, [digits('461010001')]);
  store.hold();
  world.send(rrq(norr(1), [digits('461010001')]), norr(1));
  world.send(urq(norr(1), endpoint.id), norr(1));
  await settled();
  await store.release();
  expect(await types()).toEqual(['registrationConfirm', 'unregistrationConfirm']);
  expect(world.gatekeeper.size).toBe(0);
  expect(world.gatekeeper.endpoints.atAddress(norr(1).address)).toEqual([]);
  expect(world.registered()).toEqual([]);
  expect((await world.register(1, [digits('461010001')])).id).not.toBe(endpoint.id);
});

test('what comes after a URQ that is with the store finds the endpoint gone', async () => {
  const store = open();
  const { id } = await world.register(1, [digits('461010001')]);
  store.hold();
  world.send(urq(norr(1), id), norr(1));
  world.send(keepAlive(id), norr(1));
  world.send(rrq(norr(1), [digits('461010001')]), norr(1));
  await settled();
  await store.release();
  expect(await types()).toEqual(['unregistrationConfirm', 'registrationReject', 'registrationConfirm']);
  expect(world.gatekeeper.endpoints.find(id)).toBeUndefined();
  expect(world.gatekeeper.size).toBe(1);
  expect(world.registered()).toEqual(['461010001']);
});

test('an RRQ that is with the store when the time is up counts', async () => {
  const store = open();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(62_000);
  await world.take();
  store.hold();
  world.send(rrq(norr(1), [digits('461010001')]), norr(1));
  await world.pass(6000);
  await store.release();
  expect((await types()).filter((type) => type !== 'infoRequest')).toEqual(['registrationConfirm']);
  expect(world.gatekeeper.endpoints.find(id)).toBeDefined();
  expect(world.registered()).toEqual(['461010001']);
});

test('of many requests of one endpoint that wait for the store, one too many is done when it is repeated, token and all', async () => {
  const store = open();
  const at = anywhere(1);
  const proven = (message: ReturnType<typeof rrq>): Buffer =>
    withToken(message, { method: 'h235.1', user: '461020001', now: world.clock.now() });
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')])), at);
  store.hold();
  for (let i = 0; i < 20; i++) world.send(proven(keepAlive(id)), at);
  const last = proven(keepAlive(id));
  world.send(last, at);
  await settled();
  await store.release();
  expect(await types()).toEqual(new Array(20).fill('registrationConfirm'));
  await world.pass(3000);
  await world.confirm('registrationConfirm', last, at);
});

test('an RRQ that failed with the store is done when it is repeated', async () => {
  const store = open();
  const at = anywhere(1);
  const request = withToken(rrq(at, [digits('461020001')]), { method: 'h235.1', user: '461020001', now: world.clock.now() });
  store.fail(1);
  world.send(request, at);
  await settled();
  expect(world.faults.splice(0)).toHaveLength(1);
  await world.pass(3000);
  await world.confirm('registrationConfirm', request, at);
  // Again it gets the same answer, and from elsewhere the token is spent.
  await world.confirm('registrationConfirm', request, at);
  expect(world.outcomes).toHaveLength(1);
  expect(await world.reason(request, anywhere(2))).toMatchObject({ reason: 'securityError' });
});

test('an endpoint that could not be renewed or ended, as the store was away, is looked at again', async () => {
  const store = open();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(60_000);
  const [question] = await world.take();
  if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
  store.fail(1);
  world.send(irr(norr(1), id, question.message.value.requestSeqNum), norr(1));
  await settled();
  expect(world.faults.splice(0)).toHaveLength(1);
  await world.pass(5000);
  const [again] = await world.take();
  if (again?.message.type !== 'infoRequest') throw new Error('no IRQ came again');
  store.fail(1);
  await world.pass(6000);
  // It stayed silent, and could not be ended.
  expect(world.faults.splice(0)).toHaveLength(1);
  expect(world.gatekeeper.size).toBe(1);
  await world.pass(12_000);
  expect(world.gatekeeper.size).toBe(0);
  expect(world.registered()).toEqual([]);
});

test('single aliases are let go one request after the other', async () => {
  const store = open();
  const { id } = await world.register(1, [digits('461010001'), name('one'), name('two')]);
  store.hold();
  world.send(urq(norr(1), id, { endpointAlias: [name('one')] }), norr(1));
  world.send(urq(norr(1), id, { endpointAlias: [name('two')] }), norr(1));
  await settled();
  await store.release();
  expect(await types()).toEqual(['unregistrationConfirm', 'unregistrationConfirm']);
  expect(world.gatekeeper.endpoints.find(id)).toMatchObject({ aliases: ['461010001'], written: [digits('461010001')] });
  expect(world.registered()).toEqual(['461010001']);
});
