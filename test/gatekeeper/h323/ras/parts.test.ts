import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import { Admissions } from '../../../../src/gatekeeper/h323/ras/admissions.js';
import { type Due, DueLists } from '../../../../src/gatekeeper/h323/ras/due-lists.js';
import { LocationCache } from '../../../../src/gatekeeper/h323/ras/location-cache.js';
import { type Question, Requests } from '../../../../src/gatekeeper/h323/ras/requests.js';
import { socketAddress, transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';

describe('transport addresses', () => {
  test.each(['192.0.2.1', '255.255.255.255', '2001:db8::1', '::1', 'fe80::1:0:0:1', '1:2:3:4:5:6:7:8', '2001:db8:0:1::', '1:0:2::3'])(
    '%s',
    (address) => {
      expect(socketAddress(transportAddress({ address, port: 1720 }))).toEqual({ address, port: 1720 });
    },
  );

  test('every IPv6 address is read as it is written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.array(fc.nat(15), { maxLength: 16 }), (ip, zeros) => {
        for (const index of zeros) ip[index] = 0;
        const read = socketAddress({ type: 'ip6Address', value: { ip, port: 5 } });
        if (!read?.address.includes(':')) return;
        expect(transportAddress(read)).toEqual({ type: 'ip6Address', value: { ip, port: 5 } });
      }),
    );
  });

  test('an IPv4 address inside IPv6 is itself; the unspecified address and port 0 are none; an interface is left out', () => {
    const mapped = Buffer.from('00000000000000000000ffffc0000201', 'hex');
    expect(socketAddress({ type: 'ip6Address', value: { ip: mapped, port: 5 } })).toEqual({ address: '192.0.2.1', port: 5 });
    expect(socketAddress({ type: 'ipAddress', value: { ip: Buffer.alloc(4), port: 5 } })).toBeUndefined();
    expect(socketAddress({ type: 'ip6Address', value: { ip: Buffer.alloc(16), port: 5 } })).toBeUndefined();
    expect(socketAddress(transportAddress({ address: '192.0.2.1', port: 0 }))).toBeUndefined();
    expect(socketAddress(transportAddress({ address: 'fe80::1%eth0', port: 5 }))?.address).toBe('fe80::1');
    expect(socketAddress({ type: 'netBios', value: Buffer.alloc(16) })).toBeUndefined();
  });
});

test('admissions are bounded: the oldest goes, and what was held for it', () => {
  const lapsed: string[] = [];
  const admissions = new Admissions({
    clock: new VirtualClock(),
    limit: 3,
    onLapse: ({ callIdentifier }) => void lapsed.push(callIdentifier),
  });
  for (const callIdentifier of ['a', 'b', 'a', 'c', 'd'])
    admissions.put({ callIdentifier, endpointId: 'e', dialled: '1', bandwidth: 0, at: 0 });
  expect(lapsed).toEqual(['b']);
  admissions.cancel('c', 'somebody else');
  expect(admissions.size).toBe(3);
  admissions.cancel('c', 'e');
  expect(lapsed).toEqual(['b', 'c']);
  // The endpoint that had asked first holds something for it.
  admissions.put({ callIdentifier: 'd', endpointId: 'somebody else', dialled: '1', bandwidth: 0, at: 0 });
  expect(lapsed).toEqual(['b', 'c', 'd']);
});

test('the cache of locations is bounded', () => {
  const cache = new LocationCache<number>(1000, 2);
  for (let i = 0; i < 5; i++) cache.set(`${i}`, i, 0);
  expect([cache.size, cache.get('2', 0), cache.get('4', 999), cache.get('4', 1000)]).toEqual([2, undefined, 4, undefined]);
  const none = new LocationCache<number>(0);
  none.set('a', 1, 0);
  expect(none.get('a', 0)).toBeUndefined();
});

describe('due lists', () => {
  interface Item extends Due<Item> {
    readonly name: string;
  }
  const item = (name: string): Item => ({ name, dueSecond: 0, nextDue: undefined, previousDue: undefined });

  test('give what is due, whatever was added and removed before', () => {
    const step = fc.record({ at: fc.nat(20), remove: fc.option(fc.nat(30)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(25), (steps, second) => {
        const lists = new DueLists<Item>();
        const items: Item[] = [];
        for (const [index, { at, remove }] of steps.entries()) {
          const added = item(`${index}`);
          lists.add(added, at);
          items.push(added);
          const [gone] = remove === null ? [] : items.splice(remove, 1);
          if (gone) lists.remove(gone);
        }
        const due: string[] = [];
        for (let first = lists.first(second); first; first = lists.first(second)) {
          due.push(first.name);
          lists.remove(first);
        }
        const expected = items.filter(({ dueSecond }) => dueSecond <= second).map(({ name }) => name);
        expect(due.sort()).toEqual(expected.sort());
      }),
    );
  });

  test('a long pause is no long search', () => {
    const lists = new DueLists<Item>();
    lists.add(item('a'), 5);
    expect(lists.first(1_000_000_000_000)?.name).toBe('a');
  });
});

describe('our questions', () => {
  const clock = new VirtualClock();
  const question = (change: Partial<Question> = {}): Question => ({
    type: 'disengageRequest',
    encode: (requestSeqNum) => Buffer.from([requestSeqNum >> 8, requestSeqNum & 255]),
    to: { address: '192.0.2.5', port: 1719 },
    local: { address: '192.0.2.1', port: 1719 },
    attempts: 2,
    intervalMs: 3000,
    ...change,
  });

  test('are bounded, numbered anew, and given up', async () => {
    const sent: Uint8Array[] = [];
    const requests = new Requests({ clock, send: (bytes) => void sent.push(bytes), limit: 3, randomNumber: () => 65_534 });
    const answers = [0, 1, 2, 3].map(() => requests.ask(question()));
    // A number that is in use is not given twice.
    expect(sent).toEqual([Buffer.from([255, 254]), Buffer.from([255, 255]), Buffer.from([0, 1])]);
    expect(answers[3]).toBeUndefined();
    requests.receive({ type: 'disengageConfirm', value: { requestSeqNum: 65_535 } }, { address: '192.0.2.5', port: 4 });
    expect((await answers[1])?.type).toBe('disengageConfirm');
    clock.advance(6000);
    expect(await Promise.all([answers[0], answers[2]])).toEqual([undefined, undefined]);
    expect(sent).toHaveLength(5);
    expect([requests.size, clock.pending]).toEqual([0, 0]);
  });

  test('are over when we close, and when the other does not know them', async () => {
    const requests = new Requests({ clock, send: () => undefined, randomNumber: () => 1 });
    const first = requests.ask(question());
    const second = requests.ask(question());
    requests.receive({ type: 'unknownMessageResponse', value: { requestSeqNum: 1 } }, { address: '192.0.2.5', port: 1719 });
    expect((await first)?.type).toBe('unknownMessageResponse');
    requests.close();
    expect(await second).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('have numbers that cannot be told from each other', () => {
    const sent: number[] = [];
    const requests = new Requests({ clock, send: (bytes) => void sent.push(Buffer.from(bytes).readUInt16BE()) });
    for (let i = 0; i < 200; i++) requests.tell(question());
    expect(sent.every((number) => number >= 1)).toBe(true);
    expect(sent.filter((number, index) => index > 0 && number === (sent[index - 1] ?? 0) + 1).length).toBeLessThan(5);
    expect(new Set(sent).size).toBeGreaterThan(190);
    expect(requests.size).toBe(0);
  });

  test('of the house leave half of the room to those of callers', () => {
    const requests = new Requests({ clock, send: () => undefined, limit: 4 });
    expect([requests.isQuiet, requests.ask(question()) && requests.isQuiet, requests.ask(question()) && requests.isQuiet]).toEqual([
      true,
      true,
      false,
    ]);
    requests.close();
  });

  test('to one who can prove who it is are not answered by an XRS', async () => {
    const requests = new Requests({ clock, send: () => undefined, randomNumber: () => 1 });
    const asked = requests.ask(question({ proven: true }));
    const from = { address: '192.0.2.5', port: 1719 };
    expect(requests.receive({ type: 'unknownMessageResponse', value: { requestSeqNum: 1 } }, from)).toBe(false);
    expect(requests.receive({ type: 'disengageConfirm', value: { requestSeqNum: 1 } }, from)).toBe(true);
    expect((await asked)?.type).toBe('disengageConfirm');
  });

  test('nobody can make us wait for ever', async () => {
    const requests = new Requests({ clock, send: () => undefined, randomNumber: () => 1 });
    const asked = requests.ask(question());
    const progress = { type: 'requestInProgress', value: { requestSeqNum: 1, delay: 65_535 } } as const;
    for (let second = 0; second < 9; second++) {
      expect(requests.receive(progress, { address: '192.0.2.5', port: 1719 })).toBe(true);
      clock.advance(1000);
    }
    clock.advance(1000);
    expect(await asked).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});
