import { describe, expect, it } from 'vitest';
import { parseSipUri } from '../../../../src/gatekeeper/sip/message/uri.js';
import { FlowTokens } from '../../../../src/gatekeeper/sip/proxy/flow-token.js';

const key = Buffer.alloc(32, 7);
const tokens = new FlowTokens(key);
const flow = 'udp:0123456789ab:[2001:db8::1]:5060>192.0.2.7:40000';
const now = Date.UTC(2026, 10, 22);

describe('an order to pass on', () => {
  it('names the flow, at every instance with the key', () => {
    expect(new FlowTokens(key).readOrder(tokens.order(flow, 'call-1', now), 'call-1', now)).toBe(flow);
  });

  it('is good for this call and for about a minute', () => {
    const order = tokens.order(flow, 'call-1', now);
    expect(tokens.readOrder(order, 'call-2', now)).toBeUndefined();
    expect(tokens.readOrder(order, 'call-1', now + 64_000)).toBe(flow);
    expect(tokens.readOrder(order, 'call-1', now + 66_000)).toBeUndefined();
  });

  it('is not made by those who have seen one, nor by others', () => {
    const order = tokens.order(flow, 'call-1', now);
    const [kind, until = '', name = '', mac = ''] = order.split('.');
    const other = Buffer.from('tcp:another:1').toString('base64url');
    for (const forged of [
      `${kind}.${until}.${other}.${mac}`,
      `${kind}.zzzzzzz.${name}.${mac}`,
      `${kind}.${until}.${name}.${mac.slice(0, -1)}`,
      `${kind}.${until}.${name}.`,
      `${kind}.${until}.${name}.${mac}.more`,
      `${kind}.${until}.${name}`,
      new FlowTokens(Buffer.alloc(32)).order(flow, 'call-1', now),
      '',
    ]) {
      expect(tokens.readOrder(forged, 'call-1', now), forged).toBeUndefined();
    }
  });

  it('and the mark in Record-Route cannot pose as each other', () => {
    const mark = tokens.mark(flow, 'call-1');
    expect(tokens.readMark(mark, 'call-1')).toBe(flow);
    expect(tokens.readMark(mark, 'call-2')).toBeUndefined();
    expect(tokens.readOrder(mark, 'call-1', now)).toBeUndefined();
    expect(tokens.readMark(tokens.order(flow, 'call-1', now), 'call-1')).toBeUndefined();
    const [, name, mac] = mark.split('.');
    for (const until of ['', 'zzzzzzz']) expect(tokens.readOrder(`o.${until}.${name}.${mac}`, 'call-1', now)).toBeUndefined();
  });

  it('fits into a URI as it is', () => {
    for (const token of [tokens.order(flow, 'call-1', now), tokens.mark(flow, 'call-1')]) {
      expect(parseSipUri(`sip:192.0.2.1;lr;pvf=${token}`)?.params.get('pvf')).toBe(token);
    }
  });
});
