import { expect, test } from 'vitest';
import { rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { DuplicateRequests } from '../../../../src/gatekeeper/h323/ras/duplicate-requests.js';
import { arq, digits, grq, name, rrq, urq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, norr, RasWorld } from './world.js';

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

test('an RCF is good for as long as the registration is: the same RRQ after a URQ registers anew', async () => {
  const world = new RasWorld();
  const request = rasMessage.encode(rrq(norr(1), [digits('461010001')]));
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', request, norr(1));
  await world.confirm('unregistrationConfirm', urq(norr(1), id), norr(1));
  const anew = await world.confirm('registrationConfirm', request, norr(1));
  expect(anew.endpointIdentifier).not.toBe(id);
  expect(world.registered()).toEqual(['461010001']);
  world.close();
});

test('whoever took such an RRQ with its token from the wire registers nobody', async () => {
  const world = new RasWorld();
  const sign = (message: ReturnType<typeof rrq>): Buffer =>
    withToken(message, { method: 'h235.1', user: '461020001', now: world.clock.now() });
  const request = sign(rrq(anywhere(1), [digits('461020001')]));
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', request, anywhere(1));
  await world.confirm('unregistrationConfirm', sign(urq(anywhere(1), id)), anywhere(1));
  expect(await world.reason(request, anywhere(1))).toMatchObject({ reason: 'securityError' });
  expect(world.registered()).toEqual([]);
  world.close();
});

test('a signed request is still known after thousands of others', async () => {
  const world = new RasWorld();
  const request = withToken(rrq(anywhere(1), [digits('461020001')]), { method: 'h235.1', user: '461020001', now: world.clock.now() });
  await world.confirm('registrationConfirm', request, anywhere(1));
  const question = rasMessage.encode(grq(norr(1)));
  for (let i = 0; i < 45_000; i++) world.send(question, { address: `203.0.113.${i % 250}`, port: 1024 + (i >> 2) });
  await world.take();
  await world.confirm('registrationConfirm', request, anywhere(1));
  expect(world.outcomes).toHaveLength(1);
  world.close();
});

test('answers are bounded in bytes as well', () => {
  const duplicates = new DuplicateRequests({ limitBytes: 10_000 });
  for (let i = 0; i < 1000; i++) {
    const { entry } = duplicates.look(Buffer.from(`request ${i}`), norr(1), i);
    if (entry) duplicates.answer(entry, { reply: Buffer.alloc(100), to: norr(1), endpointId: undefined });
  }
  expect(duplicates.size).toBeLessThanOrEqual(102);
  expect(duplicates.size).toBeGreaterThanOrEqual(50);
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
    if (entry) duplicates.answer(entry, { reply: Buffer.from('reply'), to: norr(1), endpointId: undefined });
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
