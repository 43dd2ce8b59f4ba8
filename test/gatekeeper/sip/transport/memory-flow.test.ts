import { describe, expect, it } from 'vitest';
import { memoryFlows } from '../../../../src/gatekeeper/sip/transport/memory-flow.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function join(capacity?: number) {
  const [one, other] = memoryFlows({ ids: ['one', 'other'], ...(capacity === undefined ? {} : { capacity }) });
  const got: string[] = [];
  other.onMessage = (message) => got.push(message);
  return { one, other, got };
}

describe('flows joined in memory', () => {
  it('deliver in order, after the sender is done', async () => {
    const { one, got } = join();
    expect([one.send('a'), one.send('b')]).toEqual([true, true]);
    expect(got).toEqual([]);
    await turn();
    one.send('c');
    await turn();
    expect(got).toEqual(['a', 'b', 'c']);
  });

  it('answer in both directions, on the flow that a message came by', async () => {
    const { one, other } = join();
    const back: string[] = [];
    one.onMessage = (message) => back.push(message);
    other.onMessage = (message, flow) => flow.send(`${message}!`);
    one.send('a');
    await turn();
    await turn();
    expect(back).toEqual(['a!']);
  });

  it('deliver what comes after a message that brought its receiver down', async () => {
    const faults: unknown[] = [];
    const [one, other] = memoryFlows({ ids: ['one', 'other'], onFault: (error) => faults.push(error) });
    const got: string[] = [];
    const fault = new Error('of the receiver');
    other.onMessage = (message) => {
      if (message === 'b') throw fault;
      got.push(message);
    };
    for (const message of ['a', 'b', 'c']) one.send(message);
    await turn();
    expect([got, faults]).toEqual([['a', 'c'], [fault]]);
  });

  it('take no more than may wait', async () => {
    const { one, got } = join(2);
    expect([one.send('a'), one.send('b'), one.send('c')]).toEqual([true, true, false]);
    await turn();
    expect(one.send('d')).toBe(true);
    await turn();
    expect(got).toEqual(['a', 'b', 'd']);
  });

  it('close together, once, and drop what was on its way', async () => {
    const { one, other, got } = join();
    const closed: string[] = [];
    one.onClose(() => closed.push('one'));
    other.onClose(() => closed.push('other'));
    const away = other.onClose(() => closed.push('never'));
    away();
    one.send('a');
    other.close();
    one.close();
    await turn();
    expect(got).toEqual([]);
    expect(closed.sort()).toEqual(['one', 'other']);
    expect([one.closed, other.closed, one.send('b')]).toEqual([true, true, false]);
    let late = false;
    one.onClose(() => {
      late = true;
    });
    expect(late).toBe(true);
  });

  it('are as safe as TLS, and need no repetition', () => {
    const { one } = join();
    expect(one).toMatchObject({ transport: 'tls', reliable: true, certificateNames: [] });
  });
});
