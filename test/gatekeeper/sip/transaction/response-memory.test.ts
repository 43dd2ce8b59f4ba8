import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseMemory } from '../../../../src/gatekeeper/sip/transaction/response-memory.js';

describe('ResponseMemory', () => {
  it('keeps an answer over one rotation and not over two', () => {
    const memory = new ResponseMemory();
    memory.remember('a', 'answer');
    expect(memory.recall('a')).toBe('answer');
    memory.rotate();
    expect(memory.recall('a')).toBe('answer');
    memory.rotate();
    expect(memory.recall('a')).toBeUndefined();
    expect([memory.size, memory.bytes]).toEqual([0, 0]);
  });

  it('tells a request that is being answered from one that never came', () => {
    const memory = new ResponseMemory();
    memory.remember('a', '');
    expect(memory.recall('a')).toBe('');
    memory.rotate();
    memory.remember('a', 'answer');
    expect(memory.recall('a')).toBe('answer');
    expect(memory.recall('b')).toBeUndefined();
  });

  it('forgets the oldest first when it is full', () => {
    const memory = new ResponseMemory({ entries: 4, bytes: 1000 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) memory.remember(key, 'x');
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => memory.recall(key))).toEqual([undefined, undefined, 'x', 'x', 'x']);
  });

  it('stays within its bounds whatever is remembered, and knows the last one always', () => {
    const texts = fc.string({ maxLength: 60 });
    const steps = fc.array(fc.oneof(fc.tuple(fc.stringMatching(/^[a-f]{1,2}$/), texts), fc.constant('rotate' as const)), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 20 }), fc.integer({ min: 130, max: 600 }), (all, entries, bytes) => {
        const memory = new ResponseMemory({ entries, bytes });
        for (const each of all) {
          if (each === 'rotate') {
            memory.rotate();
            continue;
          }
          const [key, text] = each;
          memory.remember(key, text);
          expect(memory.recall(key)).toBe(text);
          expect(memory.size).toBeLessThanOrEqual(entries);
          expect(memory.bytes).toBeLessThanOrEqual(bytes);
        }
        memory.clear();
        expect([memory.size, memory.bytes]).toEqual([0, 0]);
      }),
    );
  });
});
