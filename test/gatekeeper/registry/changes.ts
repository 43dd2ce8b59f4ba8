import type { ContactChange, RegistrationChange } from '../../../src/gatekeeper/registry/registration.js';

/** A REGISTER of 461010001 in region-norr with one contact, but for what a test says. */
export function change(overrides: Partial<RegistrationChange> = {}): RegistrationChange {
  return {
    alias: '461010001',
    organisation: 'region-norr',
    zone: 'norr-hosted',
    protocol: 'sip',
    callId: 'call-a',
    cseq: 1,
    contacts: [contact()],
    removeAll: false,
    limits: { organisation: 100, total: 1000 },
    ...overrides,
  };
}

export function contact(overrides: Partial<ContactChange> = {}): ContactChange {
  const uri = overrides.contact ?? '<sip:461010001@192.0.2.1:5060>';
  return { contact: uri, key: uri, expires: 3600, q: 1000, instance: '', regId: 0, path: [], flow: 'udp:a', ...overrides };
}
