import type { ContactChange, RegistrationChange } from '../../src/gatekeeper/registry/registration.js';

export function contact(user: string, more: Partial<ContactChange> = {}): ContactChange {
  const uri = `sip:${user}@host`;
  return { contact: uri, key: uri, expires: 600, q: 1000, instance: '', regId: 0, path: [], flow: 'udp-1', ...more };
}

/** What an RRQ says of one of its aliases. */
export function endpoint(alias: string, instance: string, more: Partial<ContactChange> = {}): RegistrationChange {
  const contacts = [contact(instance, { instance, regId: 1, flow: 'udp 192.0.2.1:1719', ...more })];
  return change({ alias, protocol: 'h323', callId: '', cseq: 0, exclusive: true, contacts });
}

export function change(more: Partial<RegistrationChange> = {}): RegistrationChange {
  return {
    alias: '461010001',
    organisation: 'norr',
    zone: 'norr-zone',
    protocol: 'sip',
    callId: 'call-1',
    cseq: 1,
    contacts: [contact('a')],
    removeAll: false,
    limits: { organisation: 10_000, total: 10_000 },
    ...more,
  };
}
