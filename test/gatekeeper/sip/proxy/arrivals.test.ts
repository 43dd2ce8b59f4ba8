import { describe, expect, it } from 'vitest';
import { Arrivals, judgeArrival } from '../../../../src/gatekeeper/sip/proxy/arrivals.js';

describe('calls that came over', () => {
  it('have their ends asked some time after, a thousand of them spread over tens of seconds', () => {
    const arrivals = new Arrivals();
    const at = Array.from({ length: 1000 }, () => arrivals.expect(100_000).askAt);
    expect(Math.min(...at)).toBe(105_000);
    const seconds = new Map<number, number>();
    for (const time of at) seconds.set(Math.floor(time / 1000), (seconds.get(Math.floor(time / 1000)) ?? 0) + 1);
    expect(Math.max(...seconds.values())).toBeLessThanOrEqual(25);
    expect(Math.max(...at)).toBeLessThan(150_000);
    expect(arrivals.expect(500_000).askAt).toBe(505_000);
  });

  it('are over when an end says so, stand when both answer, and are asked again where one is silent', () => {
    const arrival = new Arrivals().expect(0);
    expect(judgeArrival(arrival, ['alive', 'gone'], 0)).toBe('over');
    expect(judgeArrival(arrival, ['alive', 'alive'], 0)).toBe('stands');
    for (let tries = 1; tries < 5; tries++) {
      expect(judgeArrival(arrival, ['silent', 'silent'], tries * 100_000)).toBe('again');
      expect(arrival.askAt).toBe(tries * 100_000 + 60_000);
    }
    expect(judgeArrival({ ...arrival }, ['silent', 'alive'], 0)).toBe('stands');
    expect(judgeArrival({ ...arrival }, ['silent', 'silent'], 0)).toBe('over');
  });
});
