import type { ServerIdentity } from '../../net/certificate-names.js';

/** A gatekeeper or endpoint is known by the DNS names of its certificate; H.460.22 asks for nothing else. */
export const h323Identity: ServerIdentity = { protocol: 'H.323', clause: 'RFC 6125 §6.4', names: ({ dns }) => dns };
