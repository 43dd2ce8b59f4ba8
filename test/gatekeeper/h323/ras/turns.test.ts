import { expect, test } from 'vitest';
import { Turns } from '../../../../src/gatekeeper/h323/ras/turns.js';

/** Work that ends when it is told to. */
function work(): { readonly begun: () => boolean; readonly run: () => Promise<string>; readonly end: () => void } {
  let end = (): void => undefined;
  let begun = false;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = async (): Promise<string> => {
    begun = true;
    await done;
    return 'done';
  };
  return { begun: () => begun, run, end: () => end() };
}

test('one thing is worked on one after the other, different things side by side', async () => {
  const turns = new Turns<string>();
  const [first, second, other] = [work(), work(), work()];
  const one = turns.take('a', first.run);
  const two = turns.take('a', second.run);
  void turns.take('b', other.run);
  expect([first.begun(), second.begun(), other.begun()]).toEqual([true, false, true]);
  first.end();
  expect(await one).toBe('done');
  await Promise.resolve();
  expect(second.begun()).toBe(true);
  second.end();
  expect(await two).toBe('done');
  other.end();
});

test('a failure does not hold up what comes after, and nothing is left behind', async () => {
  const turns = new Turns<string>();
  const failing = turns.take('a', () => Promise.reject(new Error('the store is away')));
  const after = turns.take('a', () => Promise.resolve(2));
  await expect(failing).rejects.toThrow('away');
  expect(await after).toBe(2);
  await Promise.resolve();
  expect(turns.size).toBe(0);
});

test('a full line takes nobody in', async () => {
  const turns = new Turns<string>();
  const first = work();
  const one = turns.take('a', first.run, 2);
  const two = turns.take('a', () => Promise.resolve('second'), 2);
  expect(turns.take('a', () => Promise.resolve('third'), 2)).toBeUndefined();
  first.end();
  expect(await Promise.all([one, two])).toEqual(['done', 'second']);
});
