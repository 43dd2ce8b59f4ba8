import { describe, expect, it } from 'vitest';
import { FlowHolders, weaker } from '../../../../src/gatekeeper/sip/proxy/flow-holders.js';
import { FlowTokens } from '../../../../src/gatekeeper/sip/proxy/flow-token.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';
import type { Member, MemberAddresses } from '../../../../src/state/member-store.js';
import { RecordingFlow } from '../../../support/recording-flow.js';

const secret = Buffer.alloc(32, 1);
const tokens = new FlowTokens(new PurposeKeys(() => secret, 'flow-routes'));
const own = new RecordingFlow('tcp');

function member(id: string, flows: string[], sip: MemberAddresses['sip'] = [{ transport: 'tcp', host: '192.0.2.2', port: 5060 }]): Member {
  return { id, instance: id, version: '1', startedAt: 0, state: 'serving', ras: [], gatekeeperId: undefined, sip, flows };
}

function holders(...members: Member[]): FlowHolders {
  return new FlowHolders({
    members: { others: () => members, onChange: () => () => undefined },
    transports: { flow: (id) => (id === own.id ? own : undefined) },
    tokens,
    now: () => 0,
    locate: async (uri) => [{ transport: uri.params.get('transport') as 'udp' | 'tcp' | 'tls', address: uri.host, port: uri.port ?? 0 }],
  });
}

describe('who has a flow', () => {
  it('is told by the longest beginning', () => {
    const all = holders(member('a', ['tcp:run', 'udp:one:']), member('b', ['tcp:run2:', 'udp:two:']), member('none', ['']));
    expect(all.memberWith('tcp:run2:7')?.id).toBe('b');
    expect(all.memberWith('tcp:run:7')?.id).toBe('a');
    expect(all.memberWith('udp:two:0.0.0.0:5060>192.0.2.7:5060')?.id).toBe('b');
    expect(all.memberWith('tls:gone:1')).toBeUndefined();
  });

  it('is this instance first, whatever others say', async () => {
    const all = holders(member('a', [own.id]));
    expect(await all.wayOver(own.id, 'call')).toEqual({ at: 'here', flow: own });
  });
});

describe('the way to another instance', () => {
  const fingerprint = 'AA:BB';
  const everything = [
    { transport: 'udp' as const, host: '192.0.2.2', port: 5060 },
    { transport: 'tcp' as const, host: '192.0.2.2', port: 5060 },
    { transport: 'tls' as const, host: '192.0.2.2', port: 5061, fingerprint },
  ];

  it.each([
    [everything, { transport: 'tls', port: 5061, fingerprint }],
    [everything.map(({ fingerprint: _, ...listener }) => listener), { transport: 'tcp' }],
    [everything.slice(0, 1), { transport: 'udp' }],
  ])('is the safest that it has: %j', async (sip, target) => {
    const way = await holders(member('a', ['tls:a:'], sip)).wayOver('tls:a:1', 'call');
    if (way?.at !== 'there') throw new Error('not at the other instance');
    expect(way.target).toMatchObject({ address: '192.0.2.2', ...target });
    expect(way.over).toBe('tls');
    const token = /;lr;pvf=([^>]+)>$/.exec(way.route)?.[1] ?? '';
    expect(tokens.readOrder(token, 'call', 0)).toBe('tls:a:1');
  });

  it('is none where nobody has the flow, or has no listener', async () => {
    const all = holders(member('a', ['tls:a:'], []));
    expect(await all.wayOver('tls:a:1', 'call')).toBeUndefined();
    expect(await all.wayOver('tls:b:1', 'call')).toBeUndefined();
  });

  it('is as secure as its less secure half', () => {
    expect([weaker('tls', 'tls'), weaker('tls', 'tcp'), weaker('udp', 'tls'), weaker('tls', undefined)]).toEqual([
      'tls',
      'tcp',
      'udp',
      'tls',
    ]);
  });
});
