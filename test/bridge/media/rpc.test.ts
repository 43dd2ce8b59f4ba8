import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../../../src/bridge/media/media.js';
import { type Carrier, NoAnswer, Rpc, type RpcHandler, type RpcOptions } from '../../../src/bridge/media/rpc.js';
import { portCarrier } from '../../../src/bridge/media/rpc-port.js';
import { VirtualClock } from '../../../src/clock.js';
import { until } from '../../support/until.js';

const deaf: RpcHandler = { call: async () => undefined, event: () => undefined, closed: () => undefined };

/** Two ends of a real port. */
function pair(near: Partial<RpcHandler>, far: Partial<RpcHandler>, options: Partial<RpcOptions> = {}): [Rpc, Rpc] {
  const { port1, port2 } = new MessageChannel();
  const make = (port: typeof port1, handler: Partial<RpcHandler>) =>
    new Rpc(portCarrier(port, 'close'), { ...deaf, ...handler }, { peer: 'the far side', ...options });
  const ends: [Rpc, Rpc] = [make(port1, near), make(port2, far)];
  closers.set(ends[0], () => port1.close());
  return ends;
}
const closers = new WeakMap<Rpc, () => void>();
const hangUp = (rpc: Rpc) => closers.get(rpc)?.();

/** A carrier of which a test holds the far end. */
function wire(): { carrier: Carrier; sent: unknown[]; receive(message: unknown): void; cut(): void } {
  const sent: unknown[] = [];
  let to: Parameters<Carrier['listen']>[0] | undefined;
  return {
    carrier: { post: (message) => sent.push(message), listen: (given) => (to = given), close: () => undefined },
    sent,
    receive: (message) => to?.message(message),
    cut: () => to?.closed(),
  };
}

describe('requests to another thread or node', () => {
  it('reach the object that they name, and come back with its answer', async () => {
    const [near] = pair({}, { call: async (target, method, args) => ({ target, method, args }) });
    await expect(near.call('part', 'consume', ['anna', undefined, { n: 1 }])).resolves.toEqual({
      target: 'part',
      method: 'consume',
      args: ['anna', undefined, { n: 1 }],
    });
    hangUp(near);
  });

  it('come back as the error that they met', async () => {
    const [near] = pair(
      {},
      {
        call: async (_target, method) => {
          throw method === 'known' ? new MediaError('no_ports', 'No port is left') : new TypeError('oh');
        },
      },
    );
    await expect(near.call('', 'known', [])).rejects.toMatchObject({ name: 'MediaError', code: 'no_ports', message: 'No port is left' });
    await expect(near.call('', 'unknown', [])).rejects.toMatchObject({ name: 'MediaError', code: 'media_unavailable', message: 'oh' });
    hangUp(near);
  });

  it('do not wait for ever, and an answer that comes too late is nobody’s', async () => {
    const clock = new VirtualClock();
    const far = wire();
    const rpc = new Rpc(far.carrier, deaf, { peer: 'node b', clock });
    const asked = rpc.call('', 'open', []);
    clock.advance(5000);
    await expect(asked).rejects.toMatchObject({ code: 'media_unavailable', message: 'node b did not answer open within 5000 ms' });
    await expect(asked).rejects.toBeInstanceOf(NoAnswer);
    far.receive({ kind: 'done', id: 1, result: 7 });
    expect(clock.pending).toBe(0);
  });

  it('all fail when the carrier ends, and so does what is asked after that', async () => {
    const clock = new VirtualClock();
    const far = wire();
    let closed = 0;
    const rpc = new Rpc(far.carrier, { ...deaf, closed: () => (closed += 1) }, { peer: 'node b', clock });
    const asked = [rpc.call('', 'a', []), rpc.call('', 'b', [])];
    far.cut();
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'media_unavailable', message: 'node b is gone' });
    await expect(rpc.call('', 'c', [])).rejects.toMatchObject({ code: 'media_unavailable' });
    rpc.emit('', { event: 'late' });
    rpc.close();
    expect(far.sent).toHaveLength(2);
    expect(closed).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('are bounded on both sides', async () => {
    const clock = new VirtualClock();
    const far = wire();
    const never = new Promise<never>(() => undefined);
    const rpc = new Rpc(far.carrier, { ...deaf, call: () => never }, { peer: 'node b', clock, maxPending: 2 });
    const waiting = [rpc.call('', 'a', []), rpc.call('', 'b', [])].map((one) => one.catch(() => undefined));
    const refused = rpc.call('', 'c', []);
    await expect(refused).rejects.toThrow('node b has 2 requests to answer already');
    await expect(refused).rejects.not.toBeInstanceOf(NoAnswer);
    for (const id of [1, 2, 3]) far.receive({ kind: 'call', id, target: '', method: 'x', args: [] });
    expect(far.sent.at(-1)).toMatchObject({ kind: 'failed', id: 3, message: 'Too much is asked at one time' });
    rpc.close();
    await Promise.all(waiting);
  });

  it('are refused at home when they cannot be sent', async () => {
    const [near] = pair({}, {});
    await expect(near.call('', 'hear', [() => undefined])).rejects.toMatchObject({ code: 'not_acceptable' });
    await expect(near.call('', 'hear', [1])).resolves.toBeUndefined();
    hangUp(near);
  });

  it('take no harm from messages without sense', async () => {
    const far = wire();
    const events: unknown[] = [];
    const rpc = new Rpc(far.carrier, { ...deaf, event: (_target, event) => events.push(event) }, { peer: 'node b' });
    const nonsense = [
      undefined,
      null,
      7,
      'x',
      [],
      {},
      { kind: 'call' },
      { kind: 'call', id: 1, target: '', method: 'x' },
      { kind: 'done', id: 'x' },
    ];
    for (const message of [...nonsense, { kind: 'failed', id: 9 }, { kind: 'event' }, { kind: 'other', id: 1 }]) far.receive(message);
    far.receive({ kind: 'done', id: 4711, result: 1 });
    far.receive({ kind: 'event', target: 'a', event: 1 });
    expect(events).toEqual([1]);
    expect(far.sent).toEqual([]);
    rpc.close();
  });

  it('tell the far side when one side hangs up', async () => {
    let closed = false;
    const [near] = pair({}, { closed: () => (closed = true) });
    hangUp(near);
    await until(
      () => closed,
      () => 'the far side to know',
    );
  });
});
