import type { RegistrationChange } from '../src/gatekeeper/registry/registration.js';

/** Enough for every alias, in every organisation. */
const LIMITS = { organisation: Number.MAX_SAFE_INTEGER, total: Number.MAX_SAFE_INTEGER };

/** As in a plan: one string each, whoever registers. */
const ORGANISATIONS = Array.from({ length: 100 }, (_, index) => `organisation-${index}`);

/** The REGISTER of endpoint `index` with its strings cut out of one message, as a parser would hand them over. */
export function changeOf(index: number, cseq: number, transport: 'udp' | 'tls'): RegistrationChange {
  const number = (46_100_000_000 + index).toString();
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const contact = `<sip:${number}@${address}:5060;transport=${transport}>`;
  const message = `${contact} ${number}-call@${address} ${transport}:127.0.0.1:5060-${address}:5060-${index} ${'header '.repeat(60)}`;
  const callIdAt = contact.length + 1;
  const flowAt = message.indexOf(transport, callIdAt);
  return {
    alias: number,
    organisation: ORGANISATIONS[index % 100] ?? '',
    zone: ORGANISATIONS[index % 100] ?? '',
    protocol: 'sip',
    callId: message.slice(callIdAt, flowAt - 1),
    cseq,
    contacts: [
      {
        contact: message.slice(0, contact.length),
        key: contact,
        expires: 3600,
        q: 1000,
        instance: '',
        regId: 0,
        path: [],
        flow: message.slice(flowAt, message.indexOf(' ', flowAt)),
      },
    ],
    removeAll: false,
    limits: LIMITS,
  };
}
