import { expect, test } from 'vitest';
import { rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { DuplicateRequests } from '../../../../src/gatekeeper/h323/ras/duplicate-requests.js';
import { arq, digits, name, rrq } from './messages.js';
import { norr, RasWorld } from './world.js';

test('a repetition gets the same bytes, and nothing is done twice', async () => {
  const world = new RasWorld();
  const request = rasMessage.encode(rrq(norr(1), [digits('461010001')]));
  world.send(request, norr(1));
  world.send(request, norr(1));
  // The store has not answered the first one yet: the second waits for no answer of its own.
  const first = await world.take();
  expect(first).toHaveLength(1);
  world.send(request, norr(1));
  const again = await world.take();
  expect(again.map(({ bytes }) => bytes)).toEqual(first.map(({ bytes }) => bytes));
  expect(world.outcomes).toHaveLength(1);
  await world.pass(13_000);
  world.send(request, norr(1));
  await world.take();
  expect(world.outcomes).toHaveLength(2);
  world.close();
});

test('another port or one other byte is another request', async () => {
  const world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001'), name('self')]);
  const request = rasMessage.encode(arq(id, [name('nobody')]));
  await world.reason(request, norr(1));
  await world.reason(request, { ...norr(1), port: 5000 });
  expect(world.records).toHaveLength(2);
  world.close();
});

test('memory is bounded, and what is new is remembered first', () => {
  const duplicates = new DuplicateRequests({ limit: 100 });
  const request = (number: number): Buffer => Buffer.from(`request ${number}`);
  for (let i = 0; i < 1000; i++) {
    const { seen, entry } = duplicates.look(request(i), norr(1), i);
    expect(seen).toBeUndefined();
    if (entry) entry.reply = Buffer.from('reply');
  }
  expect(duplicates.size).toBeLessThanOrEqual(100);
  expect(duplicates.look(request(999), norr(1), 1000).seen).toMatchObject({ reply: Buffer.from('reply') });
  expect(duplicates.look(request(1), norr(1), 1000).seen).toBeUndefined();
});

test('what got no answer is looked at anew; after a pause everything is', () => {
  const duplicates = new DuplicateRequests({ lifetimeMs: 1000 });
  const first = duplicates.look(Buffer.from('a'), norr(1), 0);
  expect(duplicates.look(Buffer.from('a'), norr(1), 0).seen).toBe('underway');
  if (first.entry) duplicates.forget(first.entry);
  expect(duplicates.look(Buffer.from('a'), norr(1), 0).seen).toBeUndefined();
  expect(duplicates.look(Buffer.from('a'), norr(1), 1500).seen).toBe('underway');
  expect(duplicates.look(Buffer.from('a'), norr(1), 10_000).seen).toBeUndefined();
});
