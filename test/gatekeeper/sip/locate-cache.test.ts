import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { CachedDns } from '../../../src/gatekeeper/sip/locate/cache.js';
import type { DnsAnswer, DnsResolver } from '../../../src/gatekeeper/sip/locate/dns.js';

/** Answers A queries as told, and counts them. */
class Upstream implements DnsResolver {
  asked = 0;
  answer: () => Promise<DnsAnswer<string>> = async () => ({ records: ['192.0.2.1'], ttlSeconds: 10 });

  a = () => {
    this.asked++;
    return this.answer();
  };
  aaaa = async () => ({ records: [] });
  srv = async () => ({ records: [] });
  naptr = async () => ({ records: [] });
}

function make(options: { entries?: number; maxPending?: number } = {}) {
  const clock = new VirtualClock();
  const upstream = new Upstream();
  return { clock, upstream, dns: new CachedDns(upstream, { clock, ...options }) };
}

describe('CachedDns', () => {
  it('remembers an answer for its TTL, whatever the case of the name', async () => {
    const { clock, upstream, dns } = make();
    expect((await dns.a('norr.example')).records).toEqual(['192.0.2.1']);
    clock.advance(9_999);
    await dns.a('NORR.example');
    expect(upstream.asked).toBe(1);
    clock.advance(1);
    await dns.a('norr.example');
    expect(upstream.asked).toBe(2);
  });

  it('remembers that a name does not exist, for 30 s', async () => {
    const { clock, upstream, dns } = make();
    upstream.answer = async () => ({ records: [] });
    await dns.a('nobody.example');
    clock.advance(29_000);
    await dns.a('nobody.example');
    expect(upstream.asked).toBe(1);
    clock.advance(1_000);
    await dns.a('nobody.example');
    expect(upstream.asked).toBe(2);
  });

  it('remembers a failure for 5 s only', async () => {
    const { clock, upstream, dns } = make();
    upstream.answer = () => Promise.reject(new Error('ESERVFAIL'));
    await expect(dns.a('norr.example')).rejects.toThrow('ESERVFAIL');
    await expect(dns.a('norr.example')).rejects.toThrow('ESERVFAIL');
    expect(upstream.asked).toBe(1);
    clock.advance(5_000);
    upstream.answer = async () => ({ records: ['192.0.2.1'] });
    expect((await dns.a('norr.example')).records).toEqual(['192.0.2.1']);
  });

  it('asks once for all who ask at the same time', async () => {
    const { upstream, dns } = make();
    await Promise.all([dns.a('norr.example'), dns.a('norr.example'), dns.a('norr.example')]);
    expect(upstream.asked).toBe(1);
  });

  it('forgets the least recently used beyond its bound', async () => {
    const { upstream, dns } = make({ entries: 3 });
    for (const name of ['a', 'b', 'c', 'a', 'd']) await dns.a(name);
    expect(dns.size).toBe(3);
    expect(upstream.asked).toBe(4);
    await dns.a('a');
    expect(upstream.asked).toBe(4);
    await dns.a('b');
    expect(upstream.asked).toBe(5);
  });

  it('refuses to let more queries wait than its bound', async () => {
    const { upstream, dns } = make({ maxPending: 2 });
    let answer: (answer: DnsAnswer<string>) => void = () => undefined;
    const waiting = new Promise<DnsAnswer<string>>((resolve) => {
      answer = resolve;
    });
    upstream.answer = () => waiting;
    const first = [dns.a('a'), dns.a('b')];
    await expect(dns.a('c')).rejects.toThrow('too many DNS queries');
    answer({ records: ['192.0.2.1'] });
    await Promise.all(first);
    expect((await dns.a('c')).records).toEqual(['192.0.2.1']);
  });
});
