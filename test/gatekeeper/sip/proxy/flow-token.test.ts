import { describe, expect, it } from 'vitest';
import { parseSipUri } from '../../../../src/gatekeeper/sip/message/uri.js';
import { FlowTokens } from '../../../../src/gatekeeper/sip/proxy/flow-token.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';

const keyed = (fill: number) => {
  const secret = Buffer.alloc(32, fill);
  return new FlowTokens(new PurposeKeys(() => secret, 'flow-routes'));
};
const tokens = keyed(7);
const flow = 'udp:0123456789ab:[2001:db8::1]:5060>192.0.2.7:40000';
const now = Date.UTC(2026, 10, 22);

describe('an order to pass on', () => {
  it('names the flow, at every instance with the key', () => {
    expect(keyed(7).readOrder(tokens.order(flow, 'call-1', now), 'call-1', now)).toBe(flow);
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
      keyed(0).order(flow, 'call-1', now),
      '',
    ]) {
      expect(tokens.readOrder(forged, 'call-1', now), forged).toBeUndefined();
    }
  });

  it('fits into a URI as it is, and so does the mark', () => {
    for (const token of [tokens.order(flow, 'call-1', now), tokens.mark(flow, 'call-1')]) {
      expect(parseSipUri(`sip:192.0.2.1;lr;pvf=${token}`)?.params.get('pvf')).toBe(token);
    }
  });
});

describe('the mark in Record-Route', () => {
  it('and the order cannot pose as each other', () => {
    const mark = tokens.mark(flow, 'call-1');
    expect(tokens.readMark(mark, 'call-1')).toBe(flow);
    expect(tokens.readMark(mark, 'call-2')).toBeUndefined();
    expect(tokens.readOrder(mark, 'call-1', now)).toBeUndefined();
    expect(tokens.readMark(tokens.order(flow, 'call-1', now), 'call-1')).toBeUndefined();
    for (const until of ['', 'zzzzzzz']) expect(tokens.readOrder(`o.${until}.${mark}`, 'call-1', now)).toBeUndefined();
  });

  it('shows the other endpoint no address', () => {
    const mark = tokens.mark(flow, 'call-1');
    const shown = [mark, ...mark.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))].join(' ');
    for (const secret of ['192.0.2.7', '2001:db8', '40000', 'udp:']) expect(shown).not.toContain(secret);
    expect(tokens.mark(flow, 'call-1')).not.toBe(mark);
  });

  it('is not made by others, nor changed', () => {
    const sealed = Buffer.from(tokens.mark(flow, 'call-1').slice(2), 'base64url');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(tokens.readMark(`m.${changed.toString('base64url')}`, 'call-1')).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(tokens.readMark(`m.${sealed.subarray(0, length).toString('base64url')}`, 'call-1')).toBeUndefined();
    }
    expect(tokens.readMark(`m.${'A'.repeat(60_000)}`, 'call-1')).toBeUndefined();
    expect(tokens.readMark(keyed(0).mark(flow, 'call-1'), 'call-1')).toBeUndefined();
  });
});

describe('when the secret is another one', () => {
  it('what the one before signed is read, and what is signed from then on by those who have the new one', () => {
    let secret = Buffer.alloc(32, 7);
    const changing = new FlowTokens(new PurposeKeys(() => secret, 'flow-routes'));
    const [order, mark] = [changing.order(flow, 'call-1', now), changing.mark(flow, 'call-1')];
    secret = Buffer.alloc(32, 8);
    expect([changing.readOrder(order, 'call-1', now), changing.readMark(mark, 'call-1')]).toEqual([flow, flow]);
    expect(keyed(8).readOrder(changing.order(flow, 'call-1', now), 'call-1', now)).toBe(flow);
    expect(keyed(8).readMark(changing.mark(flow, 'call-1'), 'call-1')).toBe(flow);
    expect(changing.readMark(keyed(8).mark(flow, 'call-1'), 'call-1')).toBe(flow);
    // The same secret, read again from the store, is no news.
    secret = Buffer.from(secret);
    expect(changing.readMark(mark, 'call-1')).toBe(flow);
    secret = Buffer.alloc(32, 9);
    expect(changing.readMark(mark, 'call-1')).toBeUndefined();
  });
});
