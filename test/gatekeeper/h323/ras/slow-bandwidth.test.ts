import { afterEach, expect, test } from 'vitest';
import { CallLicences } from '../../../../src/state/call-licences.js';
import { arq, brq, digits, drq, guid, hex, name } from './messages.js';
import { norr, RasWorld, settled } from './world.js';

let world: RasWorld;
afterEach(() => world.close());

/** A world in which norr may use 1,000 kbit/s, and whose store answers what it is asked for when it is released. */
function open() {
  const licences = new CallLicences();
  const change = licences.changeBandwidth.bind(licences);
  const waiting: (() => void)[] = [];
  let holds = true;
  licences.changeBandwidth = async (zone, by, limit) => {
    const result = await change(zone, by, limit);
    if (by > 0 && holds) await new Promise<void>((resolve) => waiting.push(resolve));
    return result;
  };
  world = new RasWorld({
    licences,
    plan: (plan) => {
      const bandwidth = { call: 1000, total: 1000 };
      plan.organisations.norr.zones = { norr: { kind: 'hosted', sources: { addresses: ['198.51.100.0/24'] }, bandwidth } };
    },
  });
  return {
    licences,
    release: async () => {
      holds = false;
      await settled();
      while (waiting.length > 0) {
        waiting.shift()?.();
        await settled();
      }
    },
  };
}

const types = async (): Promise<string[]> => (await world.take()).map(({ message }) => message.type);
const call = (id: string, change: Parameters<typeof arq>[2] = {}) => arq(id, [name('self')], { bandWidth: 6000, ...change });

test('an ARQ that is repeated while the store is asked is answered once, and counted once', async () => {
  const { licences, release } = open();
  const { id } = await world.register(1, [name('self')]);
  const request = call(id);
  world.send(request, norr(1));
  world.send(request, norr(1));
  expect(await types()).toEqual([]);
  await release();
  expect(await types()).toEqual(['admissionConfirm']);
  expect(licences.bandwidthInUse('norr')).toBe(6000);
  expect(world.gatekeeper.admissions.find(hex('call-1'))).toMatchObject({ endpointId: id, bandwidth: 6000 });
  // The admission lapses, and what it held goes back.
  await world.pass(61_000);
  expect(licences.bandwidthInUse('norr')).toBe(0);
});

test('who hangs up while the store is asked is admitted to nothing, and leaves no record', async () => {
  const { licences, release } = open();
  const { id } = await world.register(1, [name('self')]);
  world.send(call(id), norr(1));
  world.send(brq(id, 7000), norr(1));
  world.send(drq(id), norr(1));
  await release();
  // There was no call yet to change.
  expect(await types()).toEqual(['bandwidthReject', 'disengageConfirm', 'admissionReject']);
  expect([licences.bandwidthInUse('norr'), world.gatekeeper.bandwidth.calls, world.gatekeeper.admissions.size]).toEqual([0, 0, 0]);
  expect(world.records).toEqual([]);
});

test('more bandwidth that is asked for when the call ends goes back', async () => {
  const { licences, release } = open();
  const { id } = await world.register(1, [name('self')]);
  world.calls.set(hex('call-1'), { endpoints: [id], disengaged: () => undefined });
  world.send(brq(id, 7000), norr(1));
  world.gatekeeper.bandwidth.release(hex('call-1'));
  await release();
  const [answer] = await world.take();
  expect(answer?.message).toMatchObject({ type: 'bandwidthReject', value: { rejectReason: { type: 'invalidConferenceID' } } });
  expect(licences.bandwidthInUse('norr')).toBe(0);
});

test('of two endpoints that name a call alike, the second gets nothing', async () => {
  const { licences, release } = open();
  const { id } = await world.register(1, [name('self')]);
  const { id: other } = await world.register(2, [digits('461010002')]);
  world.send(call(id), norr(1));
  world.send(call(other, { bandWidth: 3000 }), norr(2));
  await release();
  expect(await types()).toEqual(['admissionConfirm', 'admissionReject']);
  expect(world.gatekeeper.admissions.find(hex('call-1'))).toMatchObject({ endpointId: id });
  expect(licences.bandwidthInUse('norr')).toBe(6000);
});

test('a call that began while the store was asked holds its bandwidth to its end, and no admission beside it', async () => {
  const { licences, release } = open();
  const { id } = await world.register(1, [name('self')]);
  world.send(call(id), norr(1));
  world.calls.set(hex('call-1'), { endpoints: [id], disengaged: () => undefined });
  await release();
  expect(await types()).toEqual(['admissionConfirm']);
  expect(world.gatekeeper.admissions.size).toBe(0);
  await world.pass(61_000);
  expect(licences.bandwidthInUse('norr')).toBe(6000);
  world.gatekeeper.bandwidth.release(hex('call-1'));
  expect(licences.bandwidthInUse('norr')).toBe(0);
});

test('the called side asks as well, and is refused what is no longer there', async () => {
  const { licences, release } = open();
  const { id } = await world.register(1, [name('self')]);
  const { id: other } = await world.register(2, [digits('461010002')]);
  world.calls.set(hex('call-1'), { endpoints: [id, other], disengaged: () => undefined });
  world.send(call(id), norr(1));
  world.send(arq(other, [], { answerCall: true, bandWidth: 6000 }), norr(2));
  await release();
  expect(await types()).toEqual(['admissionConfirm', 'admissionReject']);
  expect(world.rejections.at(-1)?.sentence).toContain('bandwidth');
  expect(licences.bandwidthInUse('norr')).toBe(6000);
});

test('what calls of another instance use is not there for those of this one', async () => {
  const { licences, release } = open();
  await release();
  const { id } = await world.register(1, [name('self')]);
  await licences.changeBandwidth('norr', 8000, 10_000);
  expect((await world.reason(call(id), norr(1))).reason).toBe('requestDenied');
  await world.confirm('admissionConfirm', call(id, { bandWidth: 1500, callIdentifier: { guid: guid('call-2') } }), norr(1));
  const answer = await world.ask(brq(id, 2500, { callIdentifier: { guid: guid('call-2') } }), norr(1));
  expect(answer).toMatchObject({ type: 'bandwidthReject', value: { allowedBandWidth: 2000 } });
  world.gatekeeper.close();
  expect(licences.bandwidthInUse('norr')).toBe(8000);
});
