import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, VirtualClock } from '../../../../src/clock.js';
import { TimerQueue } from '../../../../src/gatekeeper/sip/transaction/timer-queue.js';

function recorder(clock: Clock) {
  const fired: [number, string][] = [];
  return { fired, onTimer: (name: string) => void fired.push([clock.now(), name]) };
}

describe('TimerQueue', () => {
  it('fires each timer at its time, whatever the order of setting', () => {
    const clock = new VirtualClock(1_000_000);
    const queue = new TimerQueue<string>(clock);
    const owner = recorder(clock);
    queue.start(owner, 'late', 5000);
    queue.start(owner, 'early', 500);
    clock.advance(200);
    queue.start(owner, 'next', 500);
    clock.advance(10_000);
    expect(owner.fired).toEqual([
      [1_000_500, 'early'],
      [1_000_700, 'next'],
      [1_005_000, 'late'],
    ]);
    expect([queue.size, clock.pending]).toEqual([0, 0]);
  });

  it('forgets a timer that was stopped, and one that fired', () => {
    const clock = new VirtualClock();
    const queue = new TimerQueue<string>(clock);
    const owner = recorder(clock);
    const [first, second] = [queue.start(owner, 'a', 500), queue.start(owner, 'b', 500)];
    queue.stop(second);
    queue.stop(second);
    clock.advance(500);
    queue.stop(first);
    queue.stop(undefined);
    expect([owner.fired, queue.size]).toEqual([[[500, 'a']], 0]);
  });

  it('holds no timer of the clock when nothing is set', () => {
    const clock = new VirtualClock();
    const queue = new TimerQueue<string>(clock);
    const owner = recorder(clock);
    const timers = [500, 4000, 500].map((ms) => queue.start(owner, String(ms), ms));
    expect(clock.pending).toBe(1);
    for (const timer of timers) queue.stop(timer);
    expect([queue.size, clock.pending]).toEqual([0, 0]);
    queue.start(owner, 'x', 500);
    queue.close();
    expect([queue.size, clock.pending]).toEqual([0, 0]);
    clock.advance(10_000);
    expect(owner.fired).toEqual([]);
  });

  it('goes on when an owner throws', () => {
    const clock = new VirtualClock();
    const queue = new TimerQueue<string>(clock);
    const owner = recorder(clock);
    const faulty = {
      onTimer: () => {
        throw new Error('faulty owner');
      },
    };
    queue.start(faulty, 'bad', 500);
    queue.start(owner, 'good', 500);
    expect(() => clock.advance(500)).toThrow('faulty owner');
    clock.advance(0);
    expect(owner.fired).toEqual([[500, 'good']]);
    expect(clock.pending).toBe(0);
  });

  it('does not wait for a clock that was set back to catch up', () => {
    const clock = new VirtualClock(10_000_000);
    let back = 0;
    const settable: Clock = { now: () => clock.now() - back, after: (ms, task) => clock.after(ms, task) };
    const queue = new TimerQueue<string>(settable);
    const owner = recorder(clock);
    queue.start(owner, 'before', 500);
    back = 3_600_000;
    queue.start(owner, 'after', 500);
    clock.advance(1000);
    expect(owner.fired.map(([, name]) => name)).toEqual(['before', 'after']);
  });

  it('fires exactly what a timer each would, at the same times', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('start' as const), timer: fc.nat(9), ms: fc.constantFrom(0, 500, 1000, 4000, 5000, 32_000) }),
      fc.record({ do: fc.constant('stop' as const), timer: fc.nat(9) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(6000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock();
        const queue = new TimerQueue<string>(clock);
        const owner = recorder(clock);
        const timers = new Map<number, ReturnType<typeof queue.start>>();
        const plain = new VirtualClock();
        const expected: [number, string][] = [];
        const running = new Map<number, { cancel(): void }>();
        const advance = (ms: number) => {
          clock.advance(ms);
          plain.advance(ms);
        };
        for (const each of steps) {
          if (each.do === 'advance') {
            advance(each.ms);
            continue;
          }
          queue.stop(timers.get(each.timer));
          running.get(each.timer)?.cancel();
          if (each.do === 'stop') continue;
          timers.set(each.timer, queue.start(owner, String(each.timer), each.ms));
          const task = () => void expected.push([plain.now(), String(each.timer)]);
          running.set(each.timer, plain.after(each.ms, task));
        }
        advance(40_000);
        const inOrder = (list: [number, string][]) => list.map(([at, name]) => `${String(at).padStart(9, '0')} ${name}`).sort();
        expect(inOrder(owner.fired)).toEqual(inOrder(expected));
        expect([queue.size, clock.pending]).toEqual([0, 0]);
      }),
    );
  });
});
