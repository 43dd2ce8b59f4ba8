import { describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { agree, type Instance, open, server } from './instances.js';

const MINUTE = 60_000;

async function owner({ store }: Instance, id: string): Promise<string | undefined> {
  const found = await store.endpoints.read(id);
  return typeof found === 'object' ? found.owner : found;
}

async function ownedBy(asked: Instance, id: string, { store }: Instance): Promise<void> {
  await until(
    async () => (await owner(asked, id)) === store.members.self,
    () => `${id} to be with ${store.members.self}`,
  );
}

/** Redis hangs: everyone has noticed. */
async function away(...all: readonly Instance[]): Promise<void> {
  server.signal('SIGSTOP');
  for (const one of all) {
    await until(
      async () => (await owner(one, 'ep')) === 'away',
      () => 'Redis to be away',
    );
  }
}

describe('endpoints', () => {
  test('a thousand told at once are all told, and so is what is told meanwhile', async () => {
    const [a, b] = [await open('a'), await open('b')];
    for (let i = 0; i < 1000; i++) a.store.endpoints.put(`ep-${i}`, '1', Date.now() + MINUTE);
    await ownedBy(b, 'ep-0', a);
    for (let i = 0; i < 1000; i++) a.store.endpoints.put(`ep-${i}`, '2', Date.now() + MINUTE);
    await until(
      async () => {
        const found = await Promise.all(Array.from({ length: 1000 }, (_, i) => b.store.endpoints.read(`ep-${i}`)));
        return found.every((one) => typeof one === 'object' && one.value === '2');
      },
      () => 'all to be told',
    );
  });

  test('one that went to another instance while Redis was away stays with the one that heard of it last', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const moved = new Set<string>();
    for (const { store } of [a, b]) store.endpoints.onMoved((id) => moved.add(`${id} left ${store.members.self.split('/')[0]}`));
    for (const id of ['ep', 'stays']) a.store.endpoints.put(id, 'a', Date.now() + 2 * MINUTE);
    await ownedBy(b, 'stays', a);
    await away(a, b);
    expect(await b.store.endpoints.take('ep')).toBeUndefined();
    b.store.endpoints.put('ep', 'b', Date.now() + 3 * MINUTE);
    b.store.endpoints.put('stays', 'b', Date.now() + MINUTE);
    server.signal('SIGCONT');
    await ownedBy(a, 'ep', b);
    expect(await a.store.endpoints.read('ep')).toEqual({ owner: b.store.members.self, value: 'b' });
    expect(await owner(b, 'stays')).toBe(a.store.members.self);
    // It may have been back before the other.
    a.store.endpoints.put('ep', 'a', Date.now() + 2 * MINUTE);
    await agree(() => [...moved].sort(), ['ep left a', 'stays left b']);
    expect(await a.store.endpoints.read('ep')).toEqual({ owner: b.store.members.self, value: 'b' });
  });
});
