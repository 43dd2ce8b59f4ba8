import { kill } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MediaPool, portsOf } from '../../../src/bridge/media/pool.js';
import { PoolThread } from '../../../src/bridge/media/pool-thread.js';
import { VirtualClock } from '../../../src/clock.js';
import { buildMediaThread } from '../../support/media-thread.js';
import { plainBrowser } from '../../support/plain-leg.js';
import { until } from '../../support/until.js';
import { engineWorld, listener, spreadOf, type World } from './engine-world.js';

const quiet = { workerDied: () => undefined, workerFailed: () => undefined, failed: () => undefined };
const settings = { addresses: [{ address: '127.0.0.1', advertised: undefined }], ports: { from: 0, to: 0 } };

describe('the workers of a node', { timeout: 60_000 }, () => {
  let world: World;

  beforeAll(async () => {
    world = await engineWorld();
  });
  afterAll(() => world.close());

  it('are as many as asked for, each a process of its own', async () => {
    const engine = await world.engine({ workers: 2 });
    const pids = engine.workers.map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(2);
    for (const pid of pids) expect(() => kill(pid, 0)).not.toThrow();
    await engine.close();
    await until(
      () => pids.every(isGone),
      () => 'the workers to end',
    );
    await expect(engine.open('1', listener())).rejects.toMatchObject({ code: 'media_unavailable' });
  });

  it('are given meetings by load', async () => {
    const engine = await world.engine({ workers: 2 });
    const first = await engine.open('1', listener());
    await first.addBrowser('anna');
    const second = await engine.open('2', listener());
    await second.addRoom('room');
    const third = await engine.open('3', listener());
    await third.addBrowser('bo');
    expect(engine.workers.map(({ legs }) => legs).toSorted()).toEqual([1, 2]);
    expect(engine.workers.map(({ meetings }) => meetings).toSorted()).toEqual([1, 2]);
    expect(engine.load).toBe(4);
    await engine.close();
  });

  it('are replaced when one is killed, and the legs on it are told once', async () => {
    const engine = await world.engine({ workers: 1 });
    const heard = listener();
    const media = await engine.open('1', heard);
    const anna = await plainBrowser(await media.addBrowser('anna'), media.rtpCapabilities);
    await media.addRoom('room');
    await anna.speak();
    await until(
      () => heard.streams.size === 1,
      () => 'the stream',
    );
    const [before] = engine.workers;
    kill(before?.pid ?? 0, 'SIGKILL');
    await until(
      () => heard.lost.length > 0,
      () => 'the loss to be told',
    );
    // The meeting goes on, on a new home: who comes at once waits for it.
    const again = await plainBrowser(await media.addBrowser('anna'), media.rtpCapabilities);
    expect(engine.workers[0]?.pid).not.toBe(before?.pid);
    expect(heard.lost).toEqual([['anna', 'room']]);
    expect(heard.streams.size).toBe(0);
    expect(engine.restarts).toBe(1);
    expect(world.diedReasons.at(-1)).toBe(`the worker ${before?.pid} died`);
    await expect(anna.media.openTransport('send')).rejects.toMatchObject({ code: 'leg_gone' });
    await anna.close();
    await again.speak();
    await until(
      () => heard.streams.size === 1,
      () => 'the stream again',
    );
    expect(heard.lost).toHaveLength(1);
    await again.close();
    await engine.close();
  });

  it('go on with a meeting when one that is not its home is killed', async () => {
    const engine = await world.engine({ workers: 2, maxLegsPerPart: 2 });
    const heard = listener();
    const media = await engine.open('1', heard);
    const anna = await plainBrowser(await media.addBrowser('anna'), media.rtpCapabilities);
    const bo = await plainBrowser(await media.addBrowser('bo'), media.rtpCapabilities);
    const home = engine.workers.find(({ legs }) => legs === 2)?.pid;
    const cia = await plainBrowser(await media.addBrowser('cia'), media.rtpCapabilities);
    const camera = await anna.speak('camera');
    const gone = await cia.speak('microphone');
    await until(
      () => heard.streams.size === 2,
      () => 'both streams',
    );
    await cia.listen(camera);
    await bo.listen(gone);
    await bo.listen(camera);
    kill(engine.workers.find(({ pid }) => pid !== home)?.pid ?? 0, 'SIGKILL');
    await until(
      () => heard.lost.length > 0,
      () => 'the loss to be told',
    );
    expect(heard.lost).toEqual([['cia']]);
    expect([...heard.streams.keys()]).toEqual([camera]);
    expect(spreadOf(media)).toEqual({ parts: 1, piped: 0 });
    const from = bo.socket.total;
    await until(
      () => bo.socket.total > from + 20,
      () => "anna's picture to go on",
    );
    await cia.close();
    await until(
      () => engine.workers.length === 2,
      () => 'a new worker',
    );
    const back = await plainBrowser(await media.addBrowser('cia'), media.rtpCapabilities);
    await back.listen(camera);
    await until(
      () => back.socket.total > 10,
      () => "anna's picture on the new worker",
    );
    for (const leg of [anna, bo, back]) await leg.close();
    await engine.close();
  });

  it('are ended and replaced when one hangs', async () => {
    const engine = await world.engine({ workers: 1, pingMs: 50, answerMs: 1500 });
    const heard = listener();
    const media = await engine.open('1', heard);
    await media.addBrowser('anna');
    const pid = engine.workers[0]?.pid ?? 0;
    kill(pid, 'SIGSTOP');
    await until(
      () => heard.lost.length === 1,
      () => 'the loss to be told',
    );
    expect(heard.lost).toEqual([['anna']]);
    await until(
      () => isGone(pid),
      () => 'the worker that hung to be ended',
    );
    await until(
      () => engine.workers.length === 1,
      () => 'a new worker',
    );
    expect(world.diedReasons.at(-1)).toBe(`the worker ${pid} gives no sign of life`);
    await engine.close();
  });

  it('are not taken for dead when so much is asked of one that it cannot be asked for a sign of life', async () => {
    const clock = new VirtualClock();
    const reasons: string[] = [];
    const thread = await PoolThread.start({ entry: world.entry, settings, clock }, (reason) => reasons.push(reason));
    const part = await thread.createPart({ event: () => undefined, lost: () => undefined });
    // More than may be under way at one time, all before the first is answered.
    const asking = Promise.allSettled(Array.from({ length: 5000 }, () => part.api.setSpeaker(undefined, undefined)));
    clock.advance(1000);
    await asking;
    expect(thread.alive).toBe(true);
    clock.advance(1000);
    await until(
      () => thread.cpuMs > 0,
      () => 'its sign of life',
    );
    expect(reasons).toEqual([]);
    await thread.close();
  });

  it('are waited for by a meeting while they start', async () => {
    const pool = new MediaPool({ settings, observer: quiet, workers: 1, entry: world.entry });
    pool.begin();
    const media = await pool.open('1', listener());
    await media.addBrowser('anna');
    expect(pool.workers).toHaveLength(1);
    expect(pool.restarts).toBe(0);
    await pool.close();
  });

  it('are not waited for any more when the service stops', async () => {
    const pool = new MediaPool({ settings, observer: quiet, workers: 1, entry: world.entry });
    pool.begin();
    const opening = pool.open('1', listener());
    await Promise.all([expect(opening).rejects.toMatchObject({ code: 'media_unavailable' }), pool.close()]);
  });

  it('say why none can be started', async () => {
    const broken = new URL('data:text/javascript,throw new Error("no media today")');
    const reasons: string[] = [];
    const observer = { ...quiet, workerFailed: (reason: string) => reasons.push(reason) };
    const pool = new MediaPool({ settings, observer, workers: 1, entry: broken });
    await expect(pool.start()).rejects.toThrow(/A media worker does not start: no media today/);
    expect(reasons).toHaveLength(1);
  });

  it('are tried again ever more seldom', async () => {
    const thread = await buildMediaThread('test/support/plain-thread.ts');
    const clock = new VirtualClock();
    const waits: number[] = [];
    let died = false;
    const observer = { ...quiet, workerDied: () => (died = true), workerFailed: (_reason: string, retryMs: number) => waits.push(retryMs) };
    const engine = await world.engine({ workers: 1, entry: thread.entry, clock, observer });
    await thread.remove();
    kill(engine.workers[0]?.pid ?? 0, 'SIGKILL');
    await until(
      () => died,
      () => 'the death to be noticed',
    );
    for (let failures = 0; failures < 10; failures++) {
      clock.advance(waits.at(-1) ?? 100);
      await until(
        () => waits.length > failures,
        () => `failure ${failures + 1}`,
      );
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    await expect(engine.open('1', listener())).rejects.toMatchObject({ code: 'media_unavailable' });
    await engine.close();
    expect(clock.pending).toBe(0);
  });

  it('have ports of their own', () => {
    expect([0, 1, 2].map((index) => portsOf({ from: 40_000, to: 40_099 }, index, 3))).toEqual([
      { from: 40_000, to: 40_032 },
      { from: 40_033, to: 40_065 },
      { from: 40_066, to: 40_098 },
    ]);
    // Any free ones are of one worker alone, too.
    expect([0, 1].map((index) => portsOf({ from: 0, to: 0 }, index, 2))).toEqual([
      { from: 10_000, to: 34_999 },
      { from: 35_000, to: 59_999 },
    ]);
    const few = { ...settings, ports: { from: 40_000, to: 40_009 } };
    expect(() => new MediaPool({ settings: few, observer: quiet, workers: 2 })).toThrow(/too few for 2 workers/);
  });
});

function isGone(pid: number): boolean {
  try {
    kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
