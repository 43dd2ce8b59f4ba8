import { describe, expect, it } from 'vitest';
import { MessageQueue } from '../../../../src/gatekeeper/h323/signalling/message-queue.js';

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
  fail(error: Error): void;
}

function gate(): Gate {
  let open = () => {};
  let fail = (_error: Error) => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open, fail };
}

const turn = () => new Promise(setImmediate);

describe('MessageQueue', () => {
  it('does at once what need not wait, and keeps in order what comes behind something that does', async () => {
    const faults: unknown[] = [];
    const done: string[] = [];
    const queue = new MessageQueue(10, (error) => faults.push(error));
    const note = (name: string) => () => {
      done.push(name);
      return undefined;
    };
    queue.run(note('a'));
    expect(done).toEqual(['a']);
    const port = gate();
    queue.run(() => port.opened.then(note('b')));
    queue.run(note('c'));
    const second = gate();
    queue.run(() => second.opened.then(note('d')));
    queue.run(note('e'));
    await turn();
    expect(done).toEqual(['a']);
    port.open();
    await turn();
    expect(done).toEqual(['a', 'b', 'c']);
    second.open();
    await turn();
    expect(done).toEqual(['a', 'b', 'c', 'd', 'e']);
    queue.run(note('f'));
    expect(done.at(-1)).toBe('f');
    expect(faults).toEqual([]);
  });

  it('takes no more than its limit', async () => {
    const queue = new MessageQueue(2, () => undefined);
    const port = gate();
    expect(queue.run(() => port.opened)).toBe(true);
    expect(queue.run(() => undefined)).toBe(true);
    expect(queue.run(() => undefined)).toBe(false);
    port.open();
    await turn();
    expect(queue.run(() => undefined)).toBe(true);
  });

  it('tells of faults, and goes on behind them', async () => {
    const faults: unknown[] = [];
    const done: string[] = [];
    const queue = new MessageQueue(10, (error) => faults.push(error));
    const now = new Error('now');
    const later = new Error('later');
    queue.run(() => {
      throw now;
    });
    const port = gate();
    queue.run(() => port.opened);
    queue.run(() => {
      done.push('behind');
      return undefined;
    });
    port.fail(later);
    await turn();
    expect(faults).toEqual([now, later]);
    expect(done).toEqual(['behind']);
  });
});
