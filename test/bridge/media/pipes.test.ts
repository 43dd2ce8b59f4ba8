import type { Router, Worker } from 'mediasoup/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MediaError } from '../../../src/bridge/media/media.js';
import { Part } from '../../../src/bridge/media/part.js';
import type { PartHandle } from '../../../src/bridge/media/part-place.js';
import { Pipes } from '../../../src/bridge/media/pipes.js';
import { loadMediasoup } from '../../../src/bridge/worker-binary.js';
import { pcma } from './part-world.js';

/** A part in this process, of which a test sees the router. */
interface Near {
  readonly handle: PartHandle;
  readonly router: Router;
}

const patient = { timeout: 10_000, interval: 10 };
const settings = { addresses: [{ address: '127.0.0.1', advertised: undefined }], ports: { from: 0, to: 0 } };

describe('what goes between the parts of a meeting', { timeout: 60_000 }, () => {
  let workers: Worker[] = [];
  let failures: string[] = [];
  let pipes: Pipes;
  let home: Near;
  let other: Near;
  let feed: string;

  beforeEach(async () => {
    failures = [];
    pipes = new Pipes((what, error) => failures.push(`${what}: ${String(error)}`));
    home = await near('1', true);
    other = await near('2', false);
    feed = await home.handle.api.makeFeed({ kind: 'sound', participant: 'anna', codec: pcma as Extract<typeof pcma, { kind: 'audio' }> });
  });
  afterEach(async () => {
    for (const { handle } of [home, other]) await handle.close();
    for (const worker of workers) worker.close();
    workers = [];
  });

  async function near(id: string, isHome: boolean, node = 'here'): Promise<Near> {
    const worker = await (await loadMediasoup()).createWorker();
    workers.push(worker);
    let router: Router | undefined;
    worker.observer.once('newrouter', (made) => {
      router = made;
    });
    const part = new Part({ worker, settings, emit: () => undefined });
    await part.open({ meeting: 'm', home: isHome });
    if (!router) throw new Error('the part has no router');
    const place = { node, load: 0, createPart: () => Promise.reject(new Error('not here')) };
    return { router, handle: { id, node, place, api: part, load: 0, carry: () => undefined, close: () => part.close() } };
  }

  async function counts({ router }: Near): Promise<{ producers: number; consumers: number; transports: number }> {
    const { mapProducerIdConsumerIds, transportIds } = await router.dump();
    const producers = mapProducerIdConsumerIds as readonly { readonly values: readonly string[] }[];
    return {
      producers: producers.length,
      consumers: producers.reduce((sum, { values }) => sum + values.length, 0),
      transports: transportIds.length,
    };
  }

  /** Nobody waits for the closing. */
  async function settled(): Promise<void> {
    await expect.poll(async () => (await counts(other)).producers, patient).toBe(0);
    await expect.poll(async () => (await counts(home)).consumers, patient).toBe(0);
  }

  it('goes once however many want it, and leaves neither consumer nor producer when nobody does', async () => {
    const before = await counts(home);
    const holds = await Promise.all([1, 2, 3].map(() => pipes.acquire(feed, home.handle, other.handle)));
    expect(pipes.size).toBe(1);
    expect(await counts(other)).toMatchObject({ producers: 1 });
    expect((await counts(home)).consumers).toBe(before.consumers + 1);
    for (const letGo of holds) letGo();
    expect(pipes.size).toBe(0);
    await settled();
    // The pipe itself stays for the next.
    expect((await counts(home)).transports).toBe(before.transports + 1);
    expect(failures).toEqual([]);
  });

  it('comes again after it was let go, however fast', async () => {
    for (let round = 0; round < 5; round++) (await pipes.acquire(feed, home.handle, other.handle))();
    const letGo = await pipes.acquire(feed, home.handle, other.handle);
    expect(await counts(other)).toMatchObject({ producers: 1 });
    letGo();
    await settled();
    expect(failures).toEqual([]);
  });

  it('cannot be let go any more once it has ended', async () => {
    const letGo = await pipes.acquire(feed, home.handle, other.handle);
    pipes.ended(feed);
    const again = await pipes.acquire(feed, home.handle, other.handle);
    letGo();
    expect(pipes.size).toBe(1);
    expect(await counts(other)).toMatchObject({ producers: 1 });
    again();
    expect(pipes.size).toBe(0);
  });

  it('is refused when it is not there, and nothing stays of the try', async () => {
    await expect(pipes.acquire('nothing', home.handle, other.handle)).rejects.toMatchObject({ code: 'leg_gone' });
    expect(pipes.size).toBe(0);
    await settled();
  });

  it('comes after a try that failed at one end while the other was still opening', async () => {
    const before = await counts(other);
    const { api } = home.handle;
    const open = api.openPipe.bind(api);
    api.openPipe = () => Promise.reject(new MediaError('no_ports', 'no port'));
    await expect(pipes.acquire(feed, home.handle, other.handle)).rejects.toMatchObject({ code: 'no_ports' });
    await expect.poll(() => counts(other), patient).toEqual(before);
    api.openPipe = open;
    const letGo = await pipes.acquire(feed, home.handle, other.handle);
    expect(await counts(other)).toMatchObject({ producers: 1 });
    letGo();
    await settled();
  });

  it('is opened anew when one end has a pipe of which the other knows nothing, and not at all when it is closed meanwhile', async () => {
    const before = await counts(other);
    await other.handle.api.openPipe('1|2');
    await pipes.acquire(feed, home.handle, other.handle);
    expect(await counts(other)).toEqual({ ...before, producers: 1, transports: before.transports + 1 });
    const opening = home.handle.api.openPipe('1|9');
    await home.handle.api.closePipe('1|9');
    await expect(opening).rejects.toMatchObject({ code: 'leg_gone' });
  });

  it('takes the pipe away with a part', async () => {
    const before = await counts(home);
    await pipes.acquire(feed, home.handle, other.handle);
    pipes.partGone(other.handle);
    expect(pipes.size).toBe(0);
    await expect.poll(() => counts(home), patient).toEqual(before);
    expect(failures).toEqual([]);
  });

  it('is encrypted, between workers as between nodes', async () => {
    const far = await near('3', false, 'another-node');
    const opened: string[] = [];
    const { api } = far.handle;
    const openPipe = api.openPipe.bind(api);
    const ends: boolean[] = [];
    for (const { handle } of [far, other]) {
      const open = handle === far.handle ? openPipe : handle.api.openPipe.bind(handle.api);
      handle.api.openPipe = async (id) => {
        const end = await open(id);
        opened.push(id);
        ends.push(end.srtp !== undefined);
        return end;
      };
    }
    await pipes.acquire(feed, home.handle, far.handle);
    await pipes.acquire(feed, home.handle, other.handle);
    expect(ends).toEqual([true, true]);
    expect(opened).toEqual(['node:1|3', '1|2']);
    await far.handle.close();
  });
});
