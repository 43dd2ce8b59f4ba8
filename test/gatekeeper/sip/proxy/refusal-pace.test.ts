import { describe, expect, it } from 'vitest';
import { RefusalPace } from '../../../../src/gatekeeper/sip/proxy/refusal-pace.js';

describe('answers to strangers', () => {
  it('are so many a second and source, and none above', () => {
    const pace = new RefusalPace(3);
    const answered = (source: string, now: number) => Array.from({ length: 5 }, () => pace.mayAnswer(source, now)).filter(Boolean).length;
    expect(answered('192.0.2.1', 1000)).toBe(3);
    expect(answered('192.0.2.2', 1500)).toBe(3);
    expect(answered('192.0.2.1', 2000)).toBe(3);
  });

  it('remember no more sources than they should', () => {
    const pace = new RefusalPace(3, 2);
    expect(['a', 'b', 'c'].map((source) => pace.mayAnswer(source, 0))).toEqual([true, true, false]);
  });
});
