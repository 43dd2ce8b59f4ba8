import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type AnnouncedNode, NodeLink } from '../../../src/bridge/media/node-link.js';
import { clientTls } from '../../../src/bridge/media/node-link-tls.js';
import type { MediaPool } from '../../../src/bridge/media/pool.js';
import { plainBrowser, plainRoom } from '../../support/plain-leg.js';
import { until } from '../../support/until.js';
import { engineWorld, listener, spreadOf, type World } from './engine-world.js';

interface Node {
  readonly pool: MediaPool;
  readonly link: NodeLink;
  readonly broke: { member: string; parts: number }[];
  readonly refused: string[];
}

describe('meetings that are spread over nodes', { timeout: 60_000 }, () => {
  let world: World;
  let announced: AnnouncedNode[] = [];
  let nodes: Node[] = [];
  const secret = randomBytes(32);

  beforeAll(async () => {
    world = await engineWorld();
  });
  afterAll(() => world.close());
  afterEach(async () => {
    for (const { link, pool } of nodes) {
      await pool.close();
      await link.close();
    }
    nodes = [];
    announced = [];
    world.failures.length = 0;
  });

  async function node(name: string, options: { key?: Buffer; version?: string; beatMs?: number } = {}): Promise<Node> {
    const pool = await world.engine({ workers: 1, maxLegsPerPart: 2 });
    const broke: Node['broke'] = [];
    const refused: string[] = [];
    const link = await NodeLink.open({
      listen: { address: '127.0.0.1', port: 0 },
      self: name,
      version: options.version ?? '1.0.0',
      secret: () => options.key ?? secret,
      others: () => announced,
      lend: (parts) => pool.lend(parts),
      observer: { broke: (member, parts) => broke.push({ member, parts }), refused: (_address, reason) => refused.push(reason) },
      beatMs: options.beatMs ?? 1000,
    });
    pool.borrowFrom(link);
    announced.push({ member: name, url: link.url, load: 0 });
    const made = { pool, link, broke, refused };
    nodes.push(made);
    return made;
  }

  it('borrow a part of another node when their own workers are full', async () => {
    const [here, there] = [await node('here'), await node('there')];
    const heard = listener();
    const media = await here.pool.open('1', heard);
    const anna = await plainBrowser(await media.addBrowser('anna'), media.rtpCapabilities);
    const bo = await plainBrowser(await media.addBrowser('bo'), media.rtpCapabilities);
    expect(there.link.lent).toBe(0);
    const cia = await plainBrowser(await media.addBrowser('cia'), media.rtpCapabilities);
    expect(there.link.lent).toBe(1);
    expect(here.link.borrowed).toBe(1);
    await until(
      () => there.pool.load === 1,
      () => 'the load to be told',
    );
    const [camera, voice] = [await anna.speak('camera'), await cia.speak('microphone')];
    await until(
      () => heard.streams.size === 2,
      () => 'both streams',
    );
    await cia.listen(camera);
    await bo.listen(voice);
    await until(
      () => cia.socket.total > 20 && bo.socket.total > 20,
      () => 'packets both ways between the nodes',
    );
    await cia.close();
    await until(
      () => there.link.lent === 0 && there.pool.load === 0,
      () => 'the part to be given back',
    );
    expect(spreadOf(media)).toEqual({ parts: 1, piped: 0 });
    expect(world.failures).toEqual([]);
    for (const leg of [anna, bo]) await leg.close();
  });

  it('feed a room system on another node what home has made', async () => {
    const here = await node('here');
    await node('there');
    const media = await here.pool.open('1', listener());
    const first = await plainRoom(await media.addRoom('room-1'));
    const second = await plainRoom(await media.addRoom('room-2'));
    expect(here.link.borrowed).toBe(1);
    await until(
      () => first.socket.total > 10 && second.socket.total > 10,
      () => 'sound to both',
    );
    await first.close();
    await second.close();
  });

  it('lose the legs of a link that breaks, once, and go on with the others', async () => {
    const [here, there] = [await node('here'), await node('there')];
    const heard = listener();
    const media = await here.pool.open('1', heard);
    const anna = await plainBrowser(await media.addBrowser('anna'), media.rtpCapabilities);
    const bo = await plainBrowser(await media.addBrowser('bo'), media.rtpCapabilities);
    const cia = await plainBrowser(await media.addBrowser('cia'), media.rtpCapabilities);
    const camera = await anna.speak('camera');
    await until(
      () => heard.streams.size === 1,
      () => 'the stream',
    );
    await bo.listen(camera);
    await cia.listen(camera);
    await there.link.close();
    await until(
      () => heard.lost.length === 1,
      () => 'the loss to be told',
    );
    expect(heard.lost).toEqual([['cia']]);
    expect(here.broke).toEqual([{ member: 'there', parts: 1 }]);
    await until(
      () => there.pool.load === 0 && there.pool.workers[0]?.meetings === 0,
      () => 'the lender to have closed the part',
    );
    const from = bo.socket.total;
    await until(
      () => bo.socket.total > from + 10,
      () => 'the picture to go on',
    );
    // The node is left alone for a while; the leg finds room here.
    await (await plainBrowser(await media.addBrowser('cia'), media.rtpCapabilities)).close();
    nodes.splice(nodes.indexOf(there), 1);
    await there.pool.close();
    for (const leg of [anna, bo, cia]) await leg.close();
  });

  it('are told when the worker under a borrowed part dies', async () => {
    const [here, there] = [await node('here'), await node('there')];
    const heard = listener();
    const media = await here.pool.open('1', heard);
    for (const name of ['anna', 'bo', 'cia']) await media.addBrowser(name);
    process.kill(there.pool.workers[0]?.pid ?? 0, 'SIGKILL');
    await until(
      () => heard.lost.length === 1,
      () => 'the loss to be told',
    );
    expect(heard.lost).toEqual([['cia']]);
    expect(here.link.borrowed).toBe(0);
    // The link itself stands.
    expect(here.broke).toEqual([]);
  });

  it('notice a node that hangs', async () => {
    const here = await node('here', { beatMs: 200 });
    const there = await node('there', { beatMs: 200 });
    // In between stands who takes everything in and passes nothing on any more, when told so.
    const { port } = new URL(there.link.url.replace('wss:', 'https:'));
    let frozen = false;
    const between = createServer((near) => {
      const far = tcpConnect(Number(port), '127.0.0.1');
      near.on('data', (data) => frozen || far.write(data));
      far.on('data', (data) => frozen || near.write(data));
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => undefined).on('close', () => other.destroy());
      }
    });
    between.listen(0, '127.0.0.1');
    await once(between, 'listening');
    const address = between.address();
    const middle = typeof address === 'object' && address ? address.port : 0;
    announced = [{ member: 'there', url: there.link.url.replace(port, String(middle)), load: 0 }];
    const heard = listener();
    const media = await here.pool.open('1', heard);
    for (const name of ['anna', 'bo', 'cia']) await media.addBrowser(name);
    frozen = true;
    await until(
      () => heard.lost.length === 1,
      () => 'the loss to be told',
    );
    expect(heard.lost).toEqual([['cia']]);
    await until(
      () => there.link.lent === 0,
      () => 'the lender to notice as well',
    );
    between.close();
  });

  it('are carried alone when the others have no room, or cannot be reached', async () => {
    const here = await node('here');
    const there = await node('there');
    await there.link.close();
    const media = await here.pool.open('1', listener());
    for (const name of ['anna', 'bo', 'cia', 'dan']) await media.addBrowser(name);
    expect(here.pool.load).toBe(4);
    expect(world.failures.some((failure) => failure.includes('Node there cannot be reached'))).toBe(true);
    nodes.splice(nodes.indexOf(there), 1);
    await there.pool.close();
  });

  it('refuse who does not have the secret, and say so on both sides', async () => {
    const here = await node('here');
    const stranger = await node('stranger', { key: randomBytes(32) });
    const media = await here.pool.open('1', listener());
    for (const name of ['anna', 'bo', 'cia']) await media.addBrowser(name);
    expect(here.pool.load).toBe(3);
    expect(world.failures.at(-1)).toMatch(/Node stranger cannot be reached at wss:.*: it does not have the secret of this store/);
    expect(stranger.refused).toHaveLength(1);
    expect(stranger.link.lent).toBe(0);
  });

  it('refuse who offers no secret at all', async () => {
    const here = await node('here');
    const { port } = new URL(here.link.url.replace('wss:', 'https:'));
    const socket = tlsConnect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/handshake failure/);
    await until(
      () => here.refused.length === 1,
      () => 'the refusal to be told',
    );
  });

  it('do not link to another version of the program', async () => {
    const here = await node('here');
    const other = await node('other', { version: '2.0.0' });
    expect(here.link.places()).toEqual([]);
    const socket = new WebSocket(
      other.link.url.replace('2.0.0', '1.0.0'),
      clientTls(() => secret, 'here'),
    );
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/Unexpected server response: 400/);
  });

  it('drop a link that speaks nonsense, and only that', async () => {
    const here = await node('here');
    for (const nonsense of ['not json', '7', `{"kind":"call","id":1,"target":"a","method":"open","args":[${' '.repeat(300_000)}]}`]) {
      const socket = new WebSocket(
        here.link.url,
        clientTls(() => secret, 'odd'),
      );
      await once(socket, 'open');
      socket.send(nonsense);
      await once(socket, 'close');
    }
    const socket = new WebSocket(
      here.link.url,
      clientTls(() => secret, 'odd'),
    );
    await once(socket, 'open');
    const answer = async (message: unknown): Promise<unknown> => {
      socket.send(JSON.stringify(message));
      const [data] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(String(data));
    };
    const call = { kind: 'call', id: 1, target: 'x', args: [] };
    expect(await answer({ ...call, method: 'constructor' })).toMatchObject({ kind: 'failed', code: 'out_of_turn' });
    expect(await answer({ ...call, method: 'closeLeg' })).toMatchObject({ kind: 'failed', code: 'leg_gone' });
    expect(await answer({ ...call, method: 'open' })).toMatchObject({ kind: 'failed', code: 'not_acceptable' });
    socket.close();
  });
});
