import { describe, expect, it } from 'vitest';
import type { Registration } from '../../../src/gatekeeper/registry/registration.js';
import { Registry } from '../../../src/gatekeeper/registry/registry.js';
import { change, contact } from './changes.js';

const NOW = 1_800_000_000_000;

function contactsOf(registration: Registration | undefined): string[] {
  return (registration?.bindings ?? []).map((binding) => binding.contact);
}

describe('Registry.apply', () => {
  it('registers an alias with its contact, path, flow and end', () => {
    const registry = new Registry();
    const path = ['<sip:edge.example;lr>'];
    const result = registry.apply(change({ contacts: [contact({ expires: 60, q: 700, path, instance: '<urn:uuid:1>', regId: 1 })] }), NOW);
    expect(result.ok).toBe(true);
    expect(registry.find('461010001')).toEqual({
      alias: '461010001',
      organisation: 'region-norr',
      zone: 'norr-hosted',
      protocol: 'sip',
      bindings: [
        {
          contact: '<sip:461010001@192.0.2.1:5060>',
          expiresAt: NOW + 60_000,
          q: 700,
          callId: 'call-a',
          cseq: 1,
          instance: '<urn:uuid:1>',
          regId: 1,
          path,
          flow: 'udp:a',
        },
      ],
    });
    expect(registry.size).toBe(1);
    expect(registry.count('region-norr')).toBe(1);
  });

  it('shows neither its links nor its keys in JSON', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ key: 'secret-key' })] }), NOW);
    registry.apply(change({ alias: '461010002' }), NOW);
    const json = JSON.stringify([...registry.values()]);
    expect(json).not.toContain('secret-key');
    expect(JSON.parse(json)).toHaveLength(2);
  });

  it('answers what is registered to a REGISTER without contacts, and changes nothing', () => {
    const registry = new Registry();
    registry.apply(change(), NOW);
    const before = registry.find('461010001');
    expect(registry.apply(change({ contacts: [] }), NOW)).toEqual({ ok: true, registration: before });
    expect(registry.find('461010001')).toBe(before);
    expect(registry.apply(change({ alias: '461010009', contacts: [] }), NOW)).toEqual({ ok: true, registration: undefined });
    expect(registry.size).toBe(1);
  });

  it('refuses what is older than the binding it would change (§10.3), with nothing of it applied', () => {
    const registry = new Registry();
    registry.apply(change({ cseq: 5 }), NOW);
    const before = registry.find('461010001');
    for (const cseq of [4, 5]) {
      const contacts = [contact({ contact: '<sip:new@192.0.2.9>' }), contact()];
      expect(registry.apply(change({ cseq, contacts }), NOW)).toEqual({ ok: false, refusal: 'registrationOutOfOrder' });
      expect(registry.apply(change({ cseq, contacts: [], removeAll: true }), NOW)).toEqual({
        ok: false,
        refusal: 'registrationOutOfOrder',
      });
    }
    expect(registry.find('461010001')).toBe(before);
    expect(registry.apply(change({ cseq: 1, callId: 'after-a-restart' }), NOW).ok).toBe(true);
    expect(registry.apply(change({ cseq: 2, callId: 'after-a-restart' }), NOW).ok).toBe(true);
  });

  it('keeps several contacts, highest q first, then most recently refreshed', () => {
    const registry = new Registry();
    registry.apply(
      change({ contacts: [contact({ contact: 'low', q: 100 }), contact({ contact: 'first' }), contact({ contact: 'second' })] }),
      NOW,
    );
    registry.apply(change({ cseq: 2, contacts: [contact({ contact: 'first' })] }), NOW + 1);
    expect(contactsOf(registry.find('461010001'))).toEqual(['first', 'second', 'low']);
    registry.apply(change({ cseq: 3, contacts: [contact({ contact: 'second' })] }), NOW + 2);
    expect(contactsOf(registry.find('461010001'))).toEqual(['second', 'first', 'low']);
  });

  it('removes one contact with expires 0 and every one with *', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ contact: 'a' }), contact({ contact: 'b' }), contact({ contact: 'c' })] }), NOW);
    registry.apply(
      change({ cseq: 2, contacts: [contact({ contact: 'b', expires: 0 }), contact({ contact: 'unknown', expires: 0 })] }),
      NOW,
    );
    expect(contactsOf(registry.find('461010001')).sort()).toEqual(['a', 'c']);
    expect(registry.apply(change({ cseq: 3, contacts: [], removeAll: true }), NOW)).toEqual({ ok: true, registration: undefined });
    expect(registry.find('461010001')).toBeUndefined();
    expect(registry.count('region-norr')).toBe(0);
  });

  it('counts a contact that is named twice in one request as it is named last', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ q: 500 }), contact({ q: 300 })] }), NOW);
    expect(registry.find('461010001')?.bindings.map((binding) => binding.q)).toEqual([300]);
  });

  it('lets instance and reg-id replace a binding whatever its contact says (RFC 5626 §6)', () => {
    const registry = new Registry();
    const device = { instance: '<urn:uuid:1>', regId: 1 };
    registry.apply(change({ contacts: [contact({ contact: 'before', ...device })] }), NOW);
    registry.apply(change({ callId: 'b', contacts: [contact({ contact: 'after', ...device })] }), NOW);
    expect(contactsOf(registry.find('461010001'))).toEqual(['after']);
    registry.apply(change({ callId: 'c', contacts: [contact({ contact: 'after', ...device, regId: 2 })] }), NOW);
    registry.apply(change({ callId: 'd', contacts: [contact({ contact: 'after', ...device, instance: '<urn:uuid:2>' })] }), NOW);
    expect(registry.find('461010001')?.bindings).toHaveLength(3);
    registry.apply(change({ callId: 'e', contacts: [contact({ contact: 'after', expires: 0 })] }), NOW);
    expect(registry.find('461010001')).toBeUndefined();
  });

  it('takes a plain contact that comes back with a reg-id for the same contact', () => {
    const registry = new Registry();
    registry.apply(change(), NOW);
    registry.apply(change({ cseq: 2, contacts: [contact({ instance: '<urn:uuid:1>', regId: 1 })] }), NOW);
    expect(registry.find('461010001')?.bindings.map((binding) => binding.regId)).toEqual([1]);
  });

  it('refuses a request with eleven contacts, wholly', () => {
    const registry = new Registry();
    expect(registry.apply(change(), NOW).ok).toBe(true);
    const eleven = Array.from({ length: 11 }, (_, index) => contact({ contact: `c${index}` }));
    expect(registry.apply(change({ cseq: 2, contacts: eleven }), NOW)).toEqual({ ok: false, refusal: 'registrationContactsExhausted' });
    expect(registry.find('461010001')?.bindings).toHaveLength(1);
  });

  it('gives the place of the contact that was refreshed longest ago to an eleventh', () => {
    const registry = new Registry();
    for (let index = 0; index < 10; index++) {
      registry.apply(change({ callId: `r${index}`, contacts: [contact({ contact: `c${index}` })] }), NOW + index * 1000);
    }
    registry.apply(change({ callId: 'r0', cseq: 2, contacts: [contact({ contact: 'c0' })] }), NOW + 20_000);
    expect(registry.apply(change({ callId: 'r10', contacts: [contact({ contact: 'c10' })] }), NOW + 21_000).ok).toBe(true);
    const contacts = registry.find('461010001')?.bindings.map(({ contact: uri }) => uri);
    expect(contacts).toHaveLength(10);
    expect(contacts).toContain('c10');
    expect(contacts).toContain('c0');
    expect(contacts).not.toContain('c1');
  });

  it('refuses an alias that is registered with the other protocol, until that is over', () => {
    const registry = new Registry();
    registry.apply(change({ protocol: 'h323', contacts: [contact({ expires: 60 })] }), NOW);
    expect(registry.apply(change(), NOW)).toEqual({ ok: false, refusal: 'aliasTaken' });
    expect(registry.apply(change(), NOW + 60_000).ok).toBe(true);
    expect(registry.find('461010001')?.protocol).toBe('sip');
    expect(registry.size).toBe(1);
  });

  it('never refuses a refresh for licences, and always what would be one too many', () => {
    const registry = new Registry();
    const limits = { organisation: 1, total: 2 };
    const refusal = { ok: false, refusal: 'registrationLicencesExhausted' };
    expect(registry.apply(change({ limits }), NOW).ok).toBe(true);
    expect(registry.apply(change({ limits, alias: '461010002' }), NOW)).toEqual(refusal);
    expect(registry.apply(change({ limits, alias: '461020001', organisation: 'region-syd' }), NOW).ok).toBe(true);
    expect(registry.apply(change({ limits, alias: '462010001', organisation: 'kommun-vik' }), NOW)).toEqual(refusal);
    const lowered = { organisation: 0, total: 0 };
    expect(registry.apply(change({ limits: lowered, cseq: 2 }), NOW).ok).toBe(true);
    expect(registry.apply(change({ limits: lowered, cseq: 3, contacts: [], removeAll: true }), NOW).ok).toBe(true);
    expect(registry.apply(change({ limits: lowered, cseq: 4 }), NOW)).toEqual(refusal);
  });

  it('gives the licence of a registration that is over to the next one before expire has come by', () => {
    const registry = new Registry();
    const limits = { organisation: 1, total: 1 };
    registry.apply(change({ limits, contacts: [contact({ expires: 60 })] }), NOW);
    expect(registry.apply(change({ limits, alias: '461010002' }), NOW + 59_999).ok).toBe(false);
    expect(registry.apply(change({ limits, alias: '461010002' }), NOW + 60_000).ok).toBe(true);
    expect(registry.size).toBe(1);
  });

  it('counts an alias in its new organisation when the plan has moved it, if there is room', () => {
    const registry = new Registry();
    registry.apply(change(), NOW);
    const full = change({ cseq: 2, organisation: 'region-syd', limits: { organisation: 0, total: 9 } });
    expect(registry.apply(full, NOW)).toEqual({ ok: false, refusal: 'registrationLicencesExhausted' });
    expect(registry.apply({ ...full, limits: { organisation: 1, total: 1 } }, NOW).ok).toBe(true);
    expect([registry.count('region-norr'), registry.count('region-syd'), registry.size]).toEqual([0, 1, 1]);
  });

  it('leaves a snapshot that somebody holds as it was', () => {
    const registry = new Registry();
    registry.apply(change(), NOW);
    const held = registry.find('461010001');
    registry.apply(change({ cseq: 2, contacts: [contact({ contact: 'another' })] }), NOW);
    expect(contactsOf(held)).toEqual(['<sip:461010001@192.0.2.1:5060>']);
  });

  it('tells listeners of each change and its cause, until they are taken away', () => {
    const registry = new Registry();
    const told: string[] = [];
    const stop = registry.onChange((alias, registration, cause) => told.push(`${alias} ${cause} ${registration?.bindings.length ?? 0}`));
    registry.apply(change(), NOW);
    registry.apply(change({ cseq: 2, contacts: [contact({ contact: 'another', expires: 60, flow: 'tls-7' })] }), NOW);
    registry.apply(change({ cseq: 1 }), NOW);
    registry.expire(NOW + 60_000);
    registry.apply(change({ cseq: 3, contacts: [], removeAll: true }), NOW);
    registry.apply(change({ cseq: 4, contacts: [contact({ flow: 'tls-7' })] }), NOW);
    registry.dropFlow('tls-7');
    stop();
    registry.apply(change({ cseq: 5 }), NOW);
    expect(told).toEqual([
      '461010001 registered 1',
      '461010001 refreshed 2',
      '461010001 expired 1',
      '461010001 removed 0',
      '461010001 registered 1',
      '461010001 flowClosed 0',
    ]);
  });
});

describe('Registry.expire', () => {
  it('removes what is over, not a millisecond early and at most a second late', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ contact: 'a', expires: 60 }), contact({ contact: 'b', expires: 120 })] }), NOW + 1);
    registry.expire(NOW + 60_000);
    expect(contactsOf(registry.find('461010001'))).toHaveLength(2);
    registry.expire(NOW + 61_000);
    expect(contactsOf(registry.find('461010001'))).toEqual(['b']);
    registry.expire(NOW + 121_000);
    expect(registry.find('461010001')).toBeUndefined();
    expect(registry.size).toBe(0);
  });

  it('handles no more than its budget and says that more is due', () => {
    const registry = new Registry();
    for (let i = 0; i < 25; i++) registry.apply(change({ alias: `46101${1000 + i}`, contacts: [contact({ expires: 60 + (i % 3) })] }), NOW);
    const sizes: number[] = [];
    while (registry.expire(NOW + 70_000, 10)) sizes.push(registry.size);
    expect(sizes).toEqual([15, 5]);
    expect(registry.size).toBe(0);
  });

  it('keeps up with a clock that jumps forward and one that is set back', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ expires: 60 })] }), 0);
    registry.expire(NOW);
    expect(registry.size).toBe(0);
    registry.apply(change({ contacts: [contact({ expires: 60 })] }), NOW);
    registry.expire(NOW + 30_000);
    registry.apply(change({ alias: '461010002', contacts: [contact({ expires: 60 })] }), NOW - 500_000);
    registry.expire(NOW + 31_000);
    expect([...registry.values()].map((registration) => registration.alias)).toEqual(['461010001']);
    registry.expire(NOW + 60_000);
    expect(registry.size).toBe(0);
  });

  it('does not let a refresh be ended by the binding that it replaced', () => {
    const registry = new Registry();
    for (let cseq = 1; cseq <= 100; cseq++) registry.apply(change({ cseq, contacts: [contact({ expires: 60 })] }), NOW + cseq * 1000);
    registry.expire(NOW + 159_000);
    expect(registry.size).toBe(1);
    registry.expire(NOW + 160_000);
    expect(registry.size).toBe(0);
  });
});

describe('Registry.dropFlow', () => {
  it('removes what was reached over the connection and nothing else', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ contact: 'gone', flow: 'tls-1' }), contact({ contact: 'stays', flow: 'tls-2' })] }), NOW);
    registry.apply(change({ alias: '461010002', contacts: [contact({ flow: 'tls-1' })] }), NOW);
    registry.apply(change({ alias: '461010003', contacts: [contact({ flow: 'tls-1', path: ['<sip:edge.example;lr>'] })] }), NOW);
    expect(registry.dropFlow('tls-1')).toBe(2);
    expect([...registry.values()].map((registration) => registration.alias).sort()).toEqual(['461010001', '461010003']);
    expect(contactsOf(registry.find('461010001'))).toEqual(['stays']);
    expect(registry.dropFlow('tls-9')).toBe(0);
  });

  it('asks which bindings are lost with it', () => {
    const registry = new Registry();
    registry.apply(
      change({
        contacts: [contact({ contact: 'plain', flow: 'tcp-1' }), contact({ contact: 'outbound', flow: 'tcp-1', instance: 'i', regId: 1 })],
      }),
      NOW,
    );
    expect(registry.dropFlow('tcp-1', (binding) => binding.regId > 0)).toBe(1);
    expect(contactsOf(registry.find('461010001'))).toEqual(['plain']);
    expect(registry.dropFlow('tcp-1')).toBe(1);
    expect(registry.size).toBe(0);
  });

  it('knows a binding that moved to another connection', () => {
    const registry = new Registry();
    registry.apply(change({ contacts: [contact({ flow: 'tls-1' })] }), NOW);
    registry.apply(change({ cseq: 2, contacts: [contact({ flow: 'tls-2' })] }), NOW);
    expect(registry.dropFlow('tls-1')).toBe(0);
    expect(registry.dropFlow('tls-2')).toBe(1);
  });
});
