import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { ConnectionCounter } from '../../../src/gatekeeper/net/connections.js';
import { Sources, sourceKey } from '../../../src/gatekeeper/net/sources.js';

const rate = { messagesPerSecond: 10, burst: 5 };

function takes(sources: Sources, address: string, now: number, times: number): number {
  let taken = 0;
  for (let i = 0; i < times; i++) if (sources.take(address, now)) taken++;
  return taken;
}

describe('Sources', () => {
  it('lets a burst through, then the rate, and never more than the burst after a quiet time', () => {
    const sources = new Sources({ rate, sources: 100 });
    expect(takes(sources, '192.0.2.1', 1000, 20)).toBe(5);
    expect(takes(sources, '192.0.2.1', 1099, 20)).toBe(0);
    expect(takes(sources, '192.0.2.1', 1300, 20)).toBe(3);
    expect(takes(sources, '192.0.2.1', 100_000, 20)).toBe(5);
  });

  it('counts each source by itself', () => {
    const sources = new Sources({ rate, sources: 100 });
    expect(takes(sources, '192.0.2.1', 0, 9)).toBe(5);
    expect(takes(sources, '192.0.2.2', 0, 9)).toBe(5);
  });

  it('gives nothing for a clock that was set back', () => {
    const sources = new Sources({ rate, sources: 100 });
    expect(takes(sources, '192.0.2.1', 10_000, 9)).toBe(5);
    expect(takes(sources, '192.0.2.1', 0, 9)).toBe(0);
    expect(takes(sources, '192.0.2.1', 10_100, 9)).toBe(1);
  });

  it('remembers no more sources than it may, and a busy one longest', () => {
    const sources = new Sources({ rate, sources: 100 });
    expect(takes(sources, '192.0.2.1', 0, 9)).toBe(5);
    for (let i = 0; i < 10_000; i++) {
      sources.take(`10.${i >> 8}.${i & 255}.1`, 0);
      expect(sources.size).toBeLessThanOrEqual(100);
      expect(sources.take('192.0.2.1', 0)).toBe(false);
    }
  });

  it('gives a known source its own rate, and asks again after a reset', () => {
    let burst = 7;
    const sources = new Sources({
      rate,
      sources: 100,
      rateFor: (address) => (address === '192.0.2.9' ? { messagesPerSecond: 1, burst } : undefined),
    });
    expect(takes(sources, '192.0.2.9', 0, 20)).toBe(7);
    burst = 2;
    sources.reset();
    expect(takes(sources, '192.0.2.9', 0, 20)).toBe(2);
    expect(takes(sources, '192.0.2.1', 0, 20)).toBe(5);
  });
});

describe('sourceKey', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8:1::6', '2001:db8:1:0'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5', '2001:db8:0:0'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
  ])('%s is counted as %s', (address, key) => {
    expect(sourceKey(address)).toBe(key);
  });

  it('is the first 64 bits of any IPv6 address', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const address = new ipaddr.IPv6(groups);
        fc.pre(address.range() !== 'ipv4Mapped');
        const expected = groups.slice(0, 4).map((each) => each.toString(16));
        expect(sourceKey(address.toRFC5952String())).toBe(expected.join(':'));
        expect(sourceKey(address.toNormalizedString())).toBe(expected.join(':'));
      }),
    );
  });
});

describe('ConnectionCounter', () => {
  it('limits each source and all together, and gives places back once', () => {
    const counter = new ConnectionCounter(2, 3);
    const first = counter.take('192.0.2.1');
    expect(first).toBeDefined();
    expect(counter.take('192.0.2.1')).toBeDefined();
    expect(counter.take('192.0.2.1')).toBeUndefined();
    expect(counter.take('192.0.2.2')).toBeDefined();
    expect(counter.take('192.0.2.3')).toBeUndefined();
    first?.();
    first?.();
    expect(counter.total).toBe(2);
    expect(counter.take('192.0.2.1')).toBeDefined();
    expect(counter.take('192.0.2.1')).toBeUndefined();
  });
});
