import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';
import { RelayedSenders } from '../../../../src/gatekeeper/sip/proxy/relayed-sender.js';
import { TestFlow } from '../registrar-fixture.js';

const keys = (secret: string) => new PurposeKeys(() => Buffer.from(secret), 'relayed-senders');
const senders = new RelayedSenders(keys('a secret of this test'));
const request = (cseq: string, callId = 'call-1') =>
  SipRequest.create('INFO', 'sip:anna@192.0.2.9', [
    ['Call-ID', callId],
    ['CSeq', cseq],
  ]);
const flow = new TestFlow('tls', '192.0.2.7', 40_000);

describe('what one instance tells another of a sender', () => {
  it('is who it is, whether it had the token, and the least secure transport of the way', () => {
    const told = senders.write(request('7 INFO'), { flow, token: true });
    expect(senders.read(request('7 INFO'), told, 'tls')).toMatchObject({
      token: true,
      flow: { id: flow.id, transport: 'tls', remote: { address: '192.0.2.7', port: 40_000 }, closed: true },
    });
    expect(senders.read(request('7 INFO'), told, 'udp')?.flow.transport).toBe('udp');
    const bare = new TestFlow('udp', '192.0.2.7', 5060);
    const clear = senders.write(request('7 INFO'), { flow: bare, token: false });
    expect(senders.read(request('7 INFO'), clear, 'tls')).toMatchObject({ token: false, flow: { transport: 'udp' } });
  });

  it('is good for that request alone, and from an instance alone', () => {
    const told = senders.write(request('7 INFO'), { flow, token: false });
    expect(senders.read(request('8 INFO'), told, 'tls')).toBeUndefined();
    expect(senders.read(request('7 BYE'), told, 'tls')).toBeUndefined();
    expect(senders.read(request('7 INFO', 'call-2'), told, 'tls')).toBeUndefined();
    expect(senders.read(request('7 INFO'), `A${told.slice(1)}`, 'tls')).toBeUndefined();
    expect(senders.read(request('7 INFO'), 'told', 'tls')).toBeUndefined();
    expect(new RelayedSenders(keys('another')).read(request('7 INFO'), told, 'tls')).toBeUndefined();
  });

  it('may say more in a later version, and says nothing where it means something else', () => {
    const key = new PurposeKeys(() => Buffer.from('a secret of this test'), 'relayed-senders').current.bytes;
    const signed = (told: string) => {
      const text = Buffer.from(told, 'latin1').toString('base64url');
      const mac = createHmac('sha256', key).update([text, '7 INFO', 'call-1'].join('\0'), 'latin1').digest('hex');
      return `${text}.${mac.slice(0, 32)}`;
    };
    const more = signed(JSON.stringify(['udp', '192.0.2.7', 5060, 'udp:x', [], 1, 'more', { still: 'more' }]));
    expect(senders.read(request('7 INFO'), more, 'udp')).toMatchObject({ token: true, flow: { id: 'udp:x' } });
    for (const other of ['{"v":2}', '["quic","192.0.2.7",5060,"id",[],1]', 'v2 udp 192.0.2.7']) {
      expect(senders.read(request('7 INFO'), signed(other), 'udp')).toBeUndefined();
    }
  });
});
