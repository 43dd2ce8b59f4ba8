import { describe, expect, it } from 'vitest';
import type { Dialer } from '../../../src/bridge/meetings/dialer.js';
import { Invitations } from '../../../src/bridge/meetings/invitations.js';
import { VirtualClock } from '../../../src/clock.js';
import type { RefusalCode } from '../../../src/gatekeeper/calls/reasons.js';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A meeting that lost its node, and a telephone that answers as the test says: `wait` for ever. */
function openWorld(answer: (address: string, tries: number) => RefusalCode | 'in' | 'wait') {
  const clock = new VirtualClock(0);
  const called: (readonly [address: string, second: number])[] = [];
  const [refused, problems]: [RefusalCode[], unknown[]] = [[], []];
  const inside = new Set<string>();
  const dialer: Dialer = {
    invite: async (_meeting, address) => {
      called.push([address, clock.now() / 1000]);
      const said = answer(address, called.filter(([other]) => other === address).length);
      if (said === 'wait') return new Promise<undefined>(() => undefined);
      if (said !== 'in') return said;
      inside.add(address);
      return undefined;
    },
  };
  const observer = {
    refused: (_meeting: string, _kind: string, code: RefusalCode) => void refused.push(code),
    problem: (error: unknown) => void problems.push(error),
  };
  const held = { id: '4690010001', over: false, hasAddress: (address: string) => inside.has(address) };
  const turn = async (seconds: number) => {
    await settle();
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      await settle();
    }
  };
  return { invitations: new Invitations(() => dialer, observer, clock), held, called, refused, problems, inside, turn };
}

describe('room systems of a lost node', () => {
  it('are called again while they cannot take it, later and later, and then no more', async () => {
    const { invitations, held, called, refused, turn } = openWorld(() => 'calleeUnreachable');
    invitations.callBack(held, ['461010001']);
    await turn(120);
    expect(called.map(([, second]) => second)).toEqual([0, 2, 6, 14, 30]);
    expect(refused).toEqual(['calleeUnreachable']);
  });

  it('are in when they take it, and called no more', async () => {
    const { invitations, held, called, refused, turn } = openWorld((_address, tries) => (tries === 3 ? 'in' : 'calleeNotRegistered'));
    invitations.callBack(held, ['461010001', '461010001']);
    await turn(120);
    expect(called.map(([, second]) => second)).toEqual([0, 2, 6]);
    expect(refused).toEqual([]);
  });

  it('are left alone when they come by themselves, or the meeting is over', async () => {
    const one = openWorld(() => 'calleeUnreachable');
    one.invitations.callBack(one.held, ['461010001', '461010002']);
    await one.turn(1);
    one.inside.add('461010001');
    await one.turn(1);
    one.held.over = true;
    await one.turn(60);
    expect(one.called).toEqual([
      ['461010001', 0],
      ['461010002', 0],
      ['461010002', 2],
    ]);
  });

  it('do not wait for those that only ring', async () => {
    const { invitations, held, called, turn } = openWorld(() => 'wait');
    invitations.callBack(
      held,
      Array.from({ length: 20 }, (_, at) => `4610100${at + 10}`),
    );
    await turn(10);
    expect(called.map(([, second]) => second)).toEqual([...Array(8).fill(0), ...Array(8).fill(3), ...Array(4).fill(6)]);
  });

  it('are called though one of them cannot be', async () => {
    const { invitations, held, problems, inside, turn } = openWorld((address) => {
      if (address.startsWith('46101')) throw new Error('of ours');
      return 'in';
    });
    const broken = Array.from({ length: 10 }, (_, at) => `46101000${at}`);
    invitations.callBack(held, [...broken, ...Array.from({ length: 20 }, (_, at) => `4610200${at + 10}`)]);
    await turn(10);
    expect(inside.size).toBe(20);
    expect(problems.length).toBeGreaterThan(0);
  });
});
