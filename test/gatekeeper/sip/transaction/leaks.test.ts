import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientTransaction, ServerTransaction } from '../../../../src/gatekeeper/sip/transaction/transactions.js';
import { RecordingFlow } from '../../../support/recording-flow.js';
import { answer, RecordingListener, request, rig } from './rig.js';

const methods = fc.constantFrom('INVITE', 'ACK', 'CANCEL', 'BYE', 'REGISTER');
const branches = fc.constantFrom('z9hG4bK1', 'z9hG4bK2', 'z9hG4bK3', 'old', '');
const statuses = fc.constantFrom(100, 180, 183, 200, 202, 302, 404, 486, 503, 603);
const which = fc.nat(7);
const flowIndex = fc.nat(3);

const step = fc.oneof(
  fc.record({ do: fc.constant('receive' as const), method: methods, branch: branches, flow: flowIndex, once: fc.boolean() }),
  fc.record({ do: fc.constant('respond' as const), which, status: statuses }),
  fc.record({ do: fc.constant('request' as const), method: fc.constantFrom('INVITE', 'BYE', 'OPTIONS'), flow: flowIndex }),
  fc.record({ do: fc.constant('answer' as const), which, status: statuses }),
  fc.record({ do: fc.constant('cancel' as const), which }),
  fc.record({ do: fc.constant('abandon' as const), which }),
  fc.record({ do: fc.constant('fill' as const), flow: flowIndex, full: fc.boolean() }),
  fc.record({ do: fc.constant('close' as const), flow: flowIndex }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 500, 4000, 32_000) }),
);

interface Sent {
  readonly transaction: ClientTransaction;
  readonly listener: RecordingListener;
  abandonedAt: number | undefined;
}

describe('Transactions under any sequence of events', () => {
  it('leave no timer, transaction or listener behind, and end each request once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, transactions, receive } = rig({ maxTransactions: 12, memory: { entries: 6, bytes: 4000 } });
        const flows = (['udp', 'udp', 'tcp', 'tls'] as const).map((transport) => new RecordingFlow(transport));
        const servers: ServerTransaction[] = [];
        const ends: number[] = [];
        const clients: Sent[] = [];

        for (const [index, each] of steps.entries()) {
          switch (each.do) {
            case 'receive': {
              const flow = flows[each.flow];
              const message = request(each.method, { branch: each.branch });
              if (!flow) break;
              const heard = transactions.size.server;
              receive(message, flow);
              if (each.method === 'ACK' || each.method === 'CANCEL' || transactions.size.server !== heard) break;
              if (each.once) transactions.oneShot(message, flow).respond(answer(message, 401));
              else {
                const server = transactions.server(message, flow);
                if (servers.includes(server)) break;
                const at = servers.push(server) - 1;
                ends[at] = 0;
                server.onEnd = () => {
                  ends[at] = (ends[at] ?? 0) + 1;
                };
              }
              break;
            }
            case 'respond': {
              const server = servers.at(-1 - each.which);
              if (server) server.respond(answer(server.request, each.status));
              break;
            }
            case 'request': {
              const flow = flows[each.flow];
              if (!flow) break;
              const listener = new RecordingListener();
              const message = request(each.method, { branch: `z9hG4bKours${index}` });
              clients.push({ transaction: transactions.request(message, flow, listener), listener, abandonedAt: undefined });
              break;
            }
            case 'answer': {
              const client = clients.at(-1 - each.which);
              if (client) receive(answer(client.transaction.request, each.status), client.transaction.flow);
              break;
            }
            case 'cancel':
              clients.at(-1 - each.which)?.transaction.cancel();
              break;
            case 'abandon': {
              const client = clients.at(-1 - each.which);
              client?.transaction.abandon();
              if (client) client.abandonedAt ??= client.listener.heard.length;
              break;
            }
            case 'fill': {
              const flow = flows[each.flow];
              if (flow) flow.full = each.full;
              break;
            }
            case 'close':
              if (flows[each.flow]?.reliable) flows[each.flow]?.close();
              break;
            case 'advance':
              clock.advance(each.ms);
              break;
          }
        }

        for (const flow of flows) flow.full = false;
        for (const server of servers) if (!server.finalSent) server.respond(answer(server.request, 486));
        for (const { transaction } of clients) transaction.cancel();
        clock.advance(3 * 32_000);
        expect(transactions.size).toEqual({ client: 0, server: 0, remembered: 0 });
        expect([clock.pending, ...flows.map((flow) => flow.watchers)]).toEqual([0, 0, 0, 0, 0]);

        for (const end of ends) expect(end).toBe(1);
        for (const { transaction, listener, abandonedAt } of clients) {
          expect(transaction.done).toBe(true);
          const { heard } = listener;
          if (abandonedAt !== undefined) expect(heard.length).toBe(abandonedAt);
          const failure = heard.findIndex((each) => !/^\d/.test(each));
          if (failure >= 0) expect(failure).toBe(heard.length - 1);
          const finals = heard.filter((each) => Number(each) >= 200 || !/^\d/.test(each));
          const invite = transaction.request.method === 'INVITE';
          if (!invite || !finals.every((each) => each.startsWith('2'))) expect(finals.length).toBeLessThanOrEqual(1);
          if (abandonedAt === undefined) expect(finals.length).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
