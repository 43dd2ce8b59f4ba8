import { expect, it } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import { responseTo, SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { FlowHolders } from '../../../../src/gatekeeper/sip/proxy/flow-holders.js';
import { FlowTokens } from '../../../../src/gatekeeper/sip/proxy/flow-token.js';
import type { Hop } from '../../../../src/gatekeeper/sip/proxy/hop.js';
import { HopRun } from '../../../../src/gatekeeper/sip/proxy/hop-run.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';
import { type ClientTransaction, Transactions } from '../../../../src/gatekeeper/sip/transaction/transactions.js';
import { RecordingFlow } from '../../../support/recording-flow.js';
import { RecordingUser } from '../transaction/rig.js';

const huntMs = 3000;
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A request that goes to the instance with the party's connection first (`holder`), then straight to the party, if there is a way. */
function rig(method: string, { direct = true }: { direct?: boolean } = {}) {
  const clock = new VirtualClock(1_000_000);
  const faults: unknown[] = [];
  const transactions = new Transactions({ clock, user: new RecordingUser() });
  const listeners = new Set<() => void>();
  const holders = new FlowHolders({
    members: {
      others: () => [],
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    transports: { flow: () => undefined },
    tokens: new FlowTokens(new PurposeKeys(() => Buffer.alloc(32), 'test')),
    now: () => 0,
    locate: async () => [],
  });
  const observer = { refused: () => undefined, forwarded: () => undefined, fault: (error: unknown) => void faults.push(error) };
  const timers = { huntMs, ringingSeconds: 180, silenceSeconds: 60, probe: true };
  const [holder, party] = [new RecordingFlow('tcp'), new RecordingFlow('tcp')];
  const last: Hop = { flow: party, endpoint: party, drop: 0, route: undefined };
  const first: Hop = {
    flow: holder,
    endpoint: party,
    drop: 0,
    route: undefined,
    holder: 'holder/1',
    otherwise: async () => (direct ? last : undefined),
  };
  const heard: string[] = [];
  const clients: ClientTransaction[] = [];
  let branch = 0;
  const request = SipRequest.create(method, 'sip:party@192.0.2.7', [
    ['From', '<sip:a@test.example>;tag=1'],
    ['To', '<sip:b@test.example>;tag=2'],
    ['Call-ID', 'call-1'],
    ['CSeq', `2 ${method}`],
  ]);
  new HopRun(
    { clock, transactions, timers, holders, observer },
    {
      request,
      prepare: ({ flow }) => {
        const copy = request.clone();
        copy.prepend('via', `SIP/2.0/${flow.transport.toUpperCase()} 192.0.2.1;branch=z9hG4bK${++branch}`);
        return copy;
      },
      sent: (client) => clients.push(client),
      onResponse: ({ status }) => heard.push(String(status)),
      onTimeout: () => heard.push('timeout'),
      onFailure: (why) => heard.push(why),
    },
  ).start(first);
  return {
    ...{ clock, holder, party, heard, faults, transactions, listeners },
    answer: async (which: 0 | 1, status: number) => {
      const client = clients[which];
      if (!client) throw new Error('it was not sent there');
      transactions.receive(responseTo(client.request, status), client.flow);
      await tick();
    },
    gone: async () => {
      for (const listener of [...listeners]) listener();
      await tick();
    },
    pass: async (ms: number) => {
      clock.advance(ms);
      await tick();
    },
    methods: (flow: RecordingFlow) => flow.takeStartLines().map((line) => line.split(' ')[0]),
  };
}

it.each(['BYE', 'INVITE'])('%s goes on to the party where the instance has its connection no more', async (method) => {
  const { answer, heard, party, methods, listeners } = rig(method);
  await answer(0, 430);
  expect(methods(party)).toEqual([method]);
  await answer(1, 200);
  expect([heard, listeners.size]).toEqual([['200'], 0]);
});

it('nobody is told of an instance that says so; that there is no way at all', async () => {
  const { answer, heard, clock } = rig('BYE', { direct: false });
  await answer(0, 430);
  expect(heard).toEqual(['none']);
  expect(clock.pending).toBe(0);
});

it('a connection that breaks is another reason to go on', async () => {
  const { holder, party, methods, answer, heard } = rig('INFO');
  holder.close();
  await tick();
  expect(methods(party)).toEqual(['INFO']);
  party.close();
  expect(heard).toEqual(['broken']);
  await expect(answer(1, 200)).resolves.toBeUndefined();
  expect(heard).toEqual(['broken']);
});

it.each([
  ['INFO', 500],
  ['INVITE', huntMs],
])('%s goes on when the instance has not even said that it has it for %i ms', async (method, ms) => {
  const { holder, party, methods, pass, answer, heard } = rig(method);
  await pass(ms - 1);
  expect(methods(party)).toEqual([]);
  await pass(1);
  expect([methods(holder), methods(party)]).toEqual([[method], [method]]);
  // It wakes up: a phone that it would make ring is told to stop; nothing else of it counts.
  await answer(0, 100);
  expect(methods(holder)).toEqual(method === 'INVITE' ? ['CANCEL'] : []);
  await answer(0, method === 'INVITE' ? 487 : 481);
  await answer(1, 200);
  expect(heard).toEqual(['200']);
});

it.each(['INFO', 'INVITE'])('%s waits for a party whose instance has said that it has it', async (method) => {
  const { party, methods, pass, answer, heard } = rig(method);
  await answer(0, 100);
  await pass(10_000);
  expect(methods(party)).toEqual([]);
  await answer(0, 200);
  expect(heard).toEqual(['100', '200']);
});

it('waits for a slow instance where there is no other way', async () => {
  const { pass, answer, heard } = rig('INFO', { direct: false });
  await pass(5000);
  expect(heard).toEqual([]);
  await answer(0, 200);
  expect(heard).toEqual(['200']);
});

it.each(['INFO', 'INVITE'])('%s goes on at once when the instance is no longer among the living', async (method) => {
  const { gone, party, methods, answer, heard, listeners } = rig(method);
  await answer(0, 100);
  await gone();
  expect(methods(party)).toEqual([method]);
  await answer(0, 200);
  await answer(1, 486);
  expect([heard, listeners.size]).toEqual([['100', '486'], 0]);
});
