import { type ServerIdentity, sipDomains } from '../../net/certificate-names.js';

/**
 * Where a certificate names SIP domains, its DNS names are host names and not SIP identities (RFC 5922 §7.1). Names are compared whole: §7.2
 * rules wildcards out.
 */
export const sipIdentity: ServerIdentity = {
  protocol: 'SIP',
  clause: 'RFC 5922 §7.2',
  names: ({ dns, uris }) => {
    const domains = sipDomains(uris);
    return domains.length > 0 ? domains : dns;
  },
};
