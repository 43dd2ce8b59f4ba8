import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { ContactChange } from '../../src/gatekeeper/registry/registration.js';
import type { CallLease, CallLicenceResult, OrganisationLimit, StateStore } from '../../src/state/store.js';
import { change, contact, endpoint } from './changes.js';

export interface StoreOptions {
  readonly clock: VirtualClock;
  /** Used nonces that the store may remember. */
  readonly maxNonces: number;
}

const START = 1_768_478_400_000;

/** Every promise of `StateStore` as a test, for any store. `open` gives an empty one. */
export function contract(name: string, open: (options: StoreOptions) => Promise<StateStore>): void {
  describe(`${name} keeps the promises of StateStore`, () => {
    let clock: VirtualClock;
    let store: StateStore;

    beforeEach(async () => {
      clock = new VirtualClock(START);
      store = await open({ clock, maxNonces: 20 });
    });

    afterEach(() => store.close());

    describe('registrations', () => {
      test('what was applied is in the index when apply settles', async () => {
        const result = await store.registrations.apply(change({ alias: '461010001' }));
        expect(result.ok).toBe(true);
        expect(store.registrations.index.find('461010001')).toMatchObject({ organisation: 'norr', bindings: [{ contact: 'sip:a@host' }] });
        expect([...store.registrations.all()].map(({ alias }) => alias)).toEqual(['461010001']);
      });

      test('a change is applied whole or not at all', async () => {
        await store.registrations.apply(change({ cseq: 5, contacts: [contact('a')] }));
        const older = change({ cseq: 5, contacts: [contact('b'), contact('a', { expires: 0 })] });
        expect(await store.registrations.apply(older)).toEqual({ ok: false, refusal: 'registrationOutOfOrder' });
        expect(store.registrations.index.find('461010001')?.bindings.map((binding) => binding.contact)).toEqual(['sip:a@host']);
      });

      test('limits hold, however many ask at the same moment; a refresh is never refused', async () => {
        const limits = { organisation: 3, total: 5 };
        const ask = (organisation: string, index: number) =>
          store.registrations.apply(change({ alias: `${organisation}${index}`, organisation, limits }));
        const norr = await Promise.all([0, 1, 2, 3, 4].map((index) => ask('norr', index)));
        const syd = await Promise.all([0, 1, 2, 3, 4].map((index) => ask('syd', index)));
        expect([norr, syd].map((results) => results.filter((result) => result.ok).length)).toEqual([3, 2]);
        expect([store.registrations.count(), store.registrations.count('norr'), store.registrations.count('syd')]).toEqual([5, 3, 2]);
        expect((await store.registrations.apply(change({ alias: 'norr0', cseq: 2, limits: { organisation: 0, total: 0 } }))).ok).toBe(true);
      });

      test('an exclusive alias has one device, over both protocols, until it lets go or its time is up', async () => {
        const device = (instance: string, more: Partial<ContactChange> = {}) =>
          store.registrations.apply(endpoint('461010001', instance, { expires: 60, ...more }));
        expect((await device('first')).ok).toBe(true);
        expect((await device('first')).ok).toBe(true);
        expect(await device('second')).toEqual({ ok: false, refusal: 'aliasTaken' });
        expect(await store.registrations.apply(change())).toEqual({ ok: false, refusal: 'aliasTaken' });
        expect((await device('second', { expires: 0 })).ok).toBe(true);
        expect(store.registrations.index.find('461010001')?.bindings.map(({ instance }) => instance)).toEqual(['first']);
        expect((await device('first', { expires: 0 })).ok).toBe(true);
        expect((await device('second')).ok).toBe(true);
        clock.advance(60_000);
        expect((await device('third')).ok).toBe(true);
      });

      test('of devices that ask for an exclusive alias at the same moment one gets it', async () => {
        const ask = (index: number) => store.registrations.apply(endpoint('461010001', `device-${index}`));
        const results = await Promise.all([0, 1, 2, 3, 4].map(ask));
        expect(results.filter((result) => result.ok)).toHaveLength(1);
      });

      test('what one endpoint says later is newer, without numbers of its own', async () => {
        await store.registrations.apply(endpoint('461010001', 'first', { contact: 'h323:192.0.2.1:1720' }));
        const moved = await store.registrations.apply(endpoint('461010001', 'first', { contact: 'h323:192.0.2.2:1720' }));
        expect(moved.ok).toBe(true);
        expect(store.registrations.index.find('461010001')?.bindings.map((binding) => binding.contact)).toEqual(['h323:192.0.2.2:1720']);
      });

      test('several changes are applied all or none', async () => {
        const aliases = ['461010001', 'anna@norr.example', 'room 3'];
        const all = await store.registrations.applyAll(aliases.map((alias) => endpoint(alias, 'first')));
        expect(all.ok && all.registrations.map((registration) => registration?.alias)).toEqual(aliases);
        const second = ['room 4', 'anna@norr.example', 'room 5'].map((alias) => endpoint(alias, 'second'));
        expect(await store.registrations.applyAll(second)).toEqual({ ok: false, refusal: 'aliasTaken', alias: 'anna@norr.example' });
        expect(store.registrations.count()).toBe(3);
        const gone = await store.registrations.applyAll(aliases.map((alias) => endpoint(alias, 'first', { expires: 0 })));
        expect(gone).toEqual({ ok: true, registrations: [undefined, undefined, undefined] });
        expect(store.registrations.count()).toBe(0);
        expect(await store.registrations.applyAll([])).toEqual({ ok: true, registrations: [] });
      });

      test('limits are counted once for several changes: what goes makes room for what comes', async () => {
        const limits = { organisation: 2, total: 2 };
        const ask = (coming: string[], going: string[] = []) =>
          store.registrations.applyAll([
            ...coming.map((alias) => ({ ...endpoint(alias, 'first'), limits })),
            ...going.map((alias) => ({ ...endpoint(alias, 'first', { expires: 0 }), limits })),
          ]);
        expect(await ask(['a', 'b', 'c'])).toEqual({ ok: false, refusal: 'registrationLicencesExhausted', alias: 'a' });
        expect(store.registrations.count()).toBe(0);
        expect((await ask(['a', 'b'])).ok).toBe(true);
        expect((await ask(['a', 'c'])).ok).toBe(false);
        expect((await ask(['a', 'c'], ['b'])).ok).toBe(true);
        expect([...store.registrations.all()].map(({ alias }) => alias).sort()).toEqual(['a', 'c']);
        clock.advance(600_000);
        expect((await ask(['d', 'e'])).ok).toBe(true);
      });

      test('of several changes of one alias the later sees what the earlier made', async () => {
        const limits = { organisation: 1, total: 1 };
        const of = (expires: number) => ({ ...endpoint('a', 'first', { expires }), limits });
        expect((await store.registrations.applyAll([of(60), of(60)])).ok).toBe(true);
        expect(store.registrations.count('norr')).toBe(1);
        expect((await store.registrations.applyAll([of(60), of(0)])).ok).toBe(true);
        expect([store.registrations.count('norr'), store.registrations.index.find('a')]).toEqual([0, undefined]);
        expect((await store.registrations.applyAll([of(60), of(0), of(60)])).ok).toBe(true);
        expect([store.registrations.count('norr'), store.registrations.index.find('a')?.bindings.length]).toEqual([1, 1]);
      });

      test('what ran out is gone within a second, from index and count', async () => {
        await store.registrations.apply(change({ contacts: [contact('a', { expires: 60 })] }));
        clock.advance(59_000);
        expect(store.registrations.count('norr')).toBe(1);
        clock.advance(2000);
        expect(store.registrations.index.find('461010001')).toBeUndefined();
        expect([store.registrations.count(), store.registrations.count('norr')]).toEqual([0, 0]);
      });

      test('a closed flow takes what only it led to', async () => {
        const flow = 'tls-1';
        const bound = { flow, instance: '<urn:uuid:1>', regId: 1 };
        await store.registrations.apply(change({ alias: 'a', contacts: [contact('a', bound)] }));
        await store.registrations.apply(change({ alias: 'b', contacts: [contact('b', { ...bound, path: ['<sip:edge;lr;ob>'] })] }));
        await store.registrations.apply(change({ alias: 'c', contacts: [contact('c', { flow })] }));
        await store.registrations.apply(change({ alias: 'd', contacts: [contact('d', { ...bound, flow: 'tls-2' })] }));
        expect(await store.registrations.dropFlow(flow)).toBe(1);
        expect([...store.registrations.all()].map(({ alias }) => alias).sort()).toEqual(['b', 'c', 'd']);
      });

      test('listeners hear of every change, until they leave', async () => {
        const heard: string[] = [];
        const leave = store.registrations.onChange((alias, registration, cause) =>
          heard.push(`${alias} ${registration?.bindings.length ?? 0} ${cause}`),
        );
        await store.registrations.apply(change({ contacts: [contact('a', { expires: 60 })] }));
        await store.registrations.apply(change({ cseq: 2, contacts: [contact('b', { expires: 60 })] }));
        clock.advance(61_000);
        leave();
        await store.registrations.apply(change({ alias: 'x' }));
        expect(heard).toEqual(['461010001 1 registered', '461010001 2 refreshed', '461010001 0 expired']);
      });
    });

    describe('call licences', () => {
      test('both organisations and the total are taken, and given back once', async () => {
        const lease = granted(await take(['norr', 2], ['syd', 2]));
        expect(used()).toEqual({ norr: 1, syd: 1, total: 1 });
        expect(lease.organisations).toEqual(['norr', 'syd']);
        await lease.release();
        await lease.release();
        expect(used()).toEqual({ norr: 0, syd: 0, total: 0 });
        expect(lease.organisations).toEqual([]);
      });

      test('a call inside one organisation counts once there', async () => {
        granted(await take(['norr', 1], ['norr', 1]));
        expect(used()).toEqual({ norr: 1, syd: 0, total: 1 });
      });

      test('all or none, and whose limit it was', async () => {
        granted(await take(['norr', 2], ['syd', 1]));
        expect(await take(['norr', 2], ['syd', 1])).toEqual({ ok: false, exhausted: { kind: 'organisation', id: 'syd' } });
        expect(await take(['norr', 1], ['syd', 1])).toEqual({ ok: false, exhausted: { kind: 'organisation', id: 'norr' } });
        expect(await store.licences.takeCall({ organisations: limits(['norr', 2]), total: 1 })).toEqual({
          ok: false,
          exhausted: { kind: 'total' },
        });
        expect(used()).toEqual({ norr: 1, syd: 1, total: 1 });
      });

      test('a limit of nothing refuses everything', async () => {
        expect((await take(['norr', 0])).ok).toBe(false);
        expect((await store.licences.takeCall({ organisations: [], total: 0 })).ok).toBe(false);
      });

      test('no limit is exceeded, however many ask at the same moment', async () => {
        const results = await Promise.all(Array.from({ length: 50 }, () => take(['norr', 7], ['syd', 100])));
        expect(results.filter((result) => result.ok)).toHaveLength(7);
        expect(used()).toEqual({ norr: 7, syd: 7, total: 7 });
      });

      test('a limit lowered by a reload refuses new calls and lets the old ones go on', async () => {
        const leases = [granted(await take(['norr', 2])), granted(await take(['norr', 2]))];
        expect((await take(['norr', 1])).ok).toBe(false);
        for (const lease of leases) await lease.release();
        expect((await take(['norr', 1])).ok).toBe(true);
      });

      test('a lease goes over to another organisation, keeping its place in the total', async () => {
        const lease = granted(await take(['norr', 1], ['syd', 1]));
        expect(await lease.change(limits(['norr', 1], ['vik', 1]))).toEqual({ ok: true });
        expect([used(), store.licences.callsInUse('vik')]).toEqual([{ norr: 1, syd: 0, total: 1 }, 1]);
        await lease.release();
        expect([used(), store.licences.callsInUse('vik')]).toEqual([{ norr: 0, syd: 0, total: 0 }, 0]);
      });

      test('a change that meets a limit changes nothing', async () => {
        const lease = granted(await take(['norr', 1]));
        granted(await take(['syd', 1]));
        expect(await lease.change(limits(['syd', 1]))).toEqual({ ok: false, exhausted: { kind: 'organisation', id: 'syd' } });
        expect([used(), lease.organisations]).toEqual([{ norr: 1, syd: 1, total: 2 }, ['norr']]);
      });

      test('a released lease stays released', async () => {
        const lease = granted(await take(['norr', 1]));
        await lease.release();
        expect(await lease.change(limits(['syd', 1]))).toEqual({ ok: true });
        expect(used()).toEqual({ norr: 0, syd: 0, total: 0 });
      });
    });

    describe('meeting ports', () => {
      const port = (organisation: string, limit: number, total = 1000) =>
        store.licences.takePort({ organisation: { id: organisation, limit }, total });
      const ports = () => [store.licences.portsInUse('norr'), store.licences.portsInUse('syd'), store.licences.portsInUse()];

      test('are taken of the organisation and of the total, and given back once', async () => {
        const [first, second] = [await port('norr', 2), await port('syd', 2)];
        expect(ports()).toEqual([1, 1, 2]);
        for (const result of [first, second, second]) if (result.ok) await result.lease.release();
        expect(ports()).toEqual([0, 0, 0]);
        expect(store.licences.callsInUse()).toBe(0);
      });

      test('both or none, and whose limit it was', async () => {
        await port('norr', 1);
        expect(await port('norr', 1)).toEqual({ ok: false, exhausted: { kind: 'organisation', id: 'norr' } });
        expect(await port('syd', 1, 1)).toEqual({ ok: false, exhausted: { kind: 'total' } });
        expect(ports()).toEqual([1, 0, 1]);
      });

      test('no limit is exceeded, however many ask at the same moment', async () => {
        const results = await Promise.all(Array.from({ length: 60 }, (_, at) => port(at % 2 === 0 ? 'norr' : 'syd', 20, 30)));
        expect(results.filter(({ ok }) => ok)).toHaveLength(30);
        expect(
          ports()
            .slice(0, 2)
            .every((used) => used <= 20),
        ).toBe(true);
      });

      test('without a limit all are granted', async () => {
        const { POSITIVE_INFINITY } = Number;
        const results = await Promise.all(Array.from({ length: 20 }, () => port('norr', POSITIVE_INFINITY, POSITIVE_INFINITY)));
        expect(results.every(({ ok }) => ok)).toBe(true);
      });
    });

    describe('meetings', () => {
      test('one that was made is there until its time is up', async () => {
        const { meetings } = store;
        expect(await meetings.create('4690010001', '{"a":1}', START + 60_000)).toBe(true);
        expect(await meetings.create('4690010001', '{"a":2}', START + 60_000)).toBe(false);
        expect(await meetings.read('4690010001')).toBe('{"a":1}');
        expect(await meetings.update('4690010001', '{"a":3}', START + 90_000)).toBe(true);
        expect(await meetings.list()).toEqual([{ meeting: '4690010001', value: '{"a":3}' }]);
        clock.advance(90_000);
        expect([await meetings.read('4690010001'), await meetings.list()]).toEqual([undefined, []]);
        expect(await meetings.update('4690010001', '{"a":4}', START + 200_000)).toBe(false);
        expect(await meetings.create('4690010001', '{"a":5}', START + 200_000)).toBe(true);
      });

      test('one that is removed is gone; one that is not there cannot be changed', async () => {
        const { meetings } = store;
        expect([await meetings.remove('x'), await meetings.update('x', '1', START + 1000)]).toEqual([false, false]);
        await meetings.create('x', '1', START + 1000);
        expect([await meetings.remove('x'), await meetings.read('x')]).toEqual([true, undefined]);
      });

      test('of many that make the same one, one does', async () => {
        const made = await Promise.all(Array.from({ length: 10 }, (_, at) => store.meetings.create('x', String(at), START + 1000)));
        expect(made.filter((done) => done === true)).toHaveLength(1);
      });

      test('a held meeting is this node’s, since it was held first, until it is let go', async () => {
        const { meetings, members } = store;
        expect(await meetings.holder('x')).toBeUndefined();
        const hold = await meetings.hold('x');
        expect(hold).toEqual({ meeting: 'x', member: members.self, since: START });
        clock.advance(1000);
        expect([await meetings.hold('x'), await meetings.holder('x')]).toEqual([hold, hold]);
        await meetings.letGo('x');
        await meetings.letGo('x');
        expect(await meetings.holder('x')).toBeUndefined();
        expect((await meetings.hold('x')).since).toBe(START + 1000);
      });

      test('what is noted of a held meeting stays until it is let go', async () => {
        const { meetings } = store;
        meetings.note('x', 'nobody has it');
        await meetings.hold('x');
        expect(await meetings.notes('x')).toBeUndefined();
        meetings.note('x', '{"rooms":["461010001"]}');
        meetings.note('x', 'long'.repeat(20_000));
        expect(await meetings.notes('x')).toBe('{"rooms":["461010001"]}');
        await meetings.letGo('x');
        expect(await meetings.notes('x')).toBeUndefined();
      });

      test('wrong PINs are counted for each key', async () => {
        const { meetings } = store;
        const count = async (key: string) => (await meetings.wrongPins(key, 60_000)).count;
        expect(await meetings.wrongPins('x 192.0.2.1', 60_000)).toEqual({ count: 0, sinceMs: 0 });
        expect((await meetings.wrongPin('x 192.0.2.1', 60_000)).count).toBe(1);
        expect((await meetings.wrongPin('x 192.0.2.1', 60_000)).count).toBe(2);
        expect((await meetings.wrongPin('x 192.0.2.2', 60_000)).count).toBe(1);
        expect([await count('x 192.0.2.1'), await count('x 192.0.2.2')]).toEqual([2, 1]);
      });

      test('of wrong PINs a hundred are counted', async () => {
        for (let tries = 0; tries < 120; tries++) await store.meetings.wrongPin('x', 60_000);
        expect((await store.meetings.wrongPins('x', 60_000)).count).toBe(100);
      });
    });

    describe('nonces', () => {
      test('a count is good once', () => {
        expect([1, 1, 2, 2, 1].map((nc) => store.nonces.use('n', nc, START))).toEqual([true, false, true, false, false]);
        expect(store.nonces.use('m', 1, START)).toBe(true);
      });

      test('counts may come in another order, within 64', () => {
        const first = [100, 70, 99, 101, 69, 37, 38, 36].map((nc) => store.nonces.use('n', nc, START));
        expect(first).toEqual([true, true, true, true, true, false, true, false]);
        expect([100, 70, 99, 101, 69, 38].map((nc) => store.nonces.use('n', nc, START))).toEqual(Array(6).fill(false));
        expect([200, 137, 136, 4_294_967_295].map((nc) => store.nonces.use('n', nc, START))).toEqual([true, true, false, true]);
      });

      test('a used count stays used for as long as the nonce is good', () => {
        for (let second = 0; second <= 300; second += 10) {
          store.nonces.use(`other ${second % 40}`, second + 1, clock.now());
          expect(store.nonces.use('n', 1, START)).toBe(second === 0);
          clock.advance(10_000);
        }
      });

      test('when memory is full the oldest stop being good, and nothing is good twice', () => {
        const nonces = Array.from({ length: 60 }, (_, index) => [`n${index}`, START + index] as const);
        for (const [nonce, issuedAt] of nonces) expect(store.nonces.use(nonce, 1, issuedAt)).toBe(true);
        for (const [nonce, issuedAt] of nonces) expect(store.nonces.use(nonce, 1, issuedAt)).toBe(false);
        expect(store.nonces.use('unseen but old', 1, START)).toBe(false);
        expect(store.nonces.use('new', 1, START + 100)).toBe(true);
      });
    });

    test('closing twice is closing once, and leaves no timer behind', async () => {
      await store.close();
      await store.close();
      expect(clock.pending).toBe(0);
    });

    const take = (...organisations: [string, number][]): Promise<CallLicenceResult> =>
      store.licences.takeCall({ organisations: limits(...organisations), total: 1000 });
    const used = () => ({
      norr: store.licences.callsInUse('norr'),
      syd: store.licences.callsInUse('syd'),
      total: store.licences.callsInUse(),
    });

    describe('what others are told, when there are none', () => {
      test('a call is its own instance’s from its beginning to its end', async () => {
        const caller = { zone: 'norr', organisation: 'norr', alias: '461010001', protocol: 'sip' } as const;
        const begun = { id: 'one', instance: 'a', signallingId: 'x', caller, dialled: '461020001', start: '2026-11-22T08:00:00.000Z' };
        const taken = await store.licences.takeCall({ organisations: limits(['norr', 1]), total: 1 });
        if (!taken.ok) throw new Error('no licence');
        store.calls.put({ begun, callee: null, answer: undefined, dialog: undefined }, taken.lease);
        expect(await store.calls.handOver()).toBe(0);
        expect(await store.calls.end('one')).toBe(true);
        await taken.lease.release();
        expect(await store.calls.find({ id: 'one', signallingId: 'x' })).toBeUndefined();
        expect(await store.calls.settle(['open'], ['ended'])).toEqual(new Set(['open', 'ended']));
        expect(store.licences.callsInUse()).toBe(0);
      });

      test('nobody else is there, no endpoint comes from elsewhere, and its own are its own', async () => {
        expect(store.members.others()).toEqual([]);
        store.endpoints.put('mine', '{}', clock.now() + 60_000);
        expect(await store.endpoints.take('another')).toBeUndefined();
        expect(await store.endpoints.remove('mine')).toBe(true);
        expect(store.secret).toHaveLength(32);
      });
    });

    test('bandwidth is taken up to the limit and given back, however many ask at the same moment', async () => {
      const asks = await Promise.all(Array.from({ length: 10 }, () => store.licences.changeBandwidth('zone', 300, 1000)));
      expect(asks.filter(Boolean)).toHaveLength(3);
      expect(store.licences.bandwidthInUse('zone')).toBe(900);
      expect(await store.licences.changeBandwidth('zone', -600, 0)).toBe(true);
      expect(await store.licences.changeBandwidth('zone', 700, 1000)).toBe(true);
      expect(await store.licences.changeBandwidth('other', 1, Number.POSITIVE_INFINITY)).toBe(true);
      expect(store.licences.bandwidthInUse('zone')).toBe(1000);
    });
  });
}

function granted(result: CallLicenceResult): CallLease {
  if (!result.ok) throw new Error(`Refused: ${JSON.stringify(result.exhausted)}`);
  return result.lease;
}

function limits(...organisations: [id: string, limit: number][]): OrganisationLimit[] {
  return organisations.map(([id, limit]) => ({ id, limit }));
}
