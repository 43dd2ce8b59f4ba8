import { describe, expect, it } from 'vitest';
import { linkTo } from '../../../../src/gatekeeper/sip/proxy/fellow-link.js';
import type { Target } from '../../../../src/gatekeeper/sip/transport/flow.js';
import type { Member, MemberAddresses } from '../../../../src/state/member-store.js';
import { RecordingFlow } from '../../../support/recording-flow.js';

const host = '192.0.2.2';
const udp = { transport: 'udp', host, port: 5060 } as const;
const tls = { transport: 'tls', host, port: 5061, fingerprint: 'AA:BB' } as const;

/** What is tried for a message that came so, where nothing can be reached but `open`. */
async function tried(came: 'udp' | 'tls', sip: MemberAddresses['sip'], open: 'udp' | 'tls' | 'none') {
  const targets: Target[] = [];
  const member: Member = {
    ...{ id: 'b/1', instance: 'b', version: '1', startedAt: 0, state: 'serving', sip, flows: [], ras: [], gatekeeperId: undefined },
  };
  const link = await linkTo(
    {
      locate: async (uri) => {
        const transport = uri.params.get('transport') === 'tls' ? 'tls' : 'udp';
        return [{ transport, address: uri.host, port: uri.port ?? 0 }];
      },
      transports: {
        flowTo: async (target) => {
          targets.push(target);
          if (target.transport !== open) throw new Error('refused');
          return new RecordingFlow(target.transport);
        },
      },
    },
    member,
    came,
  );
  return { link, tried: targets.map(({ transport, fingerprint }) => [transport, fingerprint]) };
}

describe('the way to another instance', () => {
  it('is TLS to its own certificate for what came by TLS, or none', async () => {
    expect((await tried('tls', [udp, tls], 'tls')).link?.uri).toBe('sip:192.0.2.2:5061;transport=tls');
    expect(await tried('tls', [udp, tls], 'udp')).toEqual({ link: undefined, tried: [['tls', 'AA:BB']] });
  });

  it('is another where that one has no TLS of its own, or the message came by another', async () => {
    expect((await tried('tls', [udp], 'udp')).link?.uri).toBe('sip:192.0.2.2:5060;transport=udp');
    expect((await tried('tls', [udp, { ...tls, fingerprint: undefined }], 'udp')).tried).toEqual([['udp', undefined]]);
    expect((await tried('udp', [udp, tls], 'tls')).tried).toEqual([
      ['udp', undefined],
      ['tls', 'AA:BB'],
    ]);
  });
});
