import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { canonicalAddress } from './address.js';

/** What a certificate is for, by its subjectAltName: lower case, addresses in canonical form. */
export interface AltNames {
  readonly dns: readonly string[];
  readonly uris: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * The names a verified certificate stands for: DNS and URI subjectAltNames in lower case, and for `sip:` URIs that name a whole domain the
 * bare domain as well (RFC 5922 §7.1). The subject's common name is not one of them: it says what a person reads.
 */
export function certificateNames(subjectAltName: string | undefined): string[] {
  const { dns, uris } = altNames(subjectAltName);
  return [...new Set([...dns, ...uris, ...sipDomains(uris)])];
}

/** Which of a certificate's names a protocol takes for the identity of a server that was called by name, and where that is written. */
export interface ServerIdentity {
  readonly protocol: string;
  readonly clause: string;
  readonly names: (of: AltNames) => readonly string[];
}

/**
 * Whether the certificate of the server we called is the one of `expected`, a domain or an IP literal. Names are compared whole, without
 * wildcards. Undefined: it is; else an Error whose message says what the certificate is for.
 */
export function checkServerName(
  expected: string,
  certificate: Pick<PeerCertificate, 'subjectaltname'>,
  identity: ServerIdentity,
): Error | undefined {
  const of = altNames(certificate.subjectaltname);
  const wanted = (canonicalAddress(expected) ?? expected).toLowerCase().replace(/\.$/, '');
  const names = isIP(wanted) ? of.addresses : identity.names(of);
  if (names.includes(wanted)) return undefined;
  const has = [...names].join(', ') || `no name that ${identity.protocol} can use`;
  return new Error(`its certificate is for ${has}, not for ${wanted} (${identity.clause})`);
}

/** `sip:norr.example`, without a user, stands for the domain. */
export function sipDomains(uris: readonly string[]): string[] {
  const domains: string[] = [];
  for (const uri of uris) {
    if (!uri.startsWith('sip:') || uri.includes('@')) continue;
    const domain = uri
      .slice(4)
      .replace(/[;?].*$/s, '')
      .replace(/\.$/, '');
    if (domain !== '') domains.push(domain);
  }
  return domains;
}

/**
 * Reads Node's text form, `DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1`. A value with a comma, a quote or a control character in
 * it is written as a JSON string, so that one name cannot pose as two.
 */
function altNames(text: string | undefined): AltNames {
  const dns: string[] = [];
  const uris: string[] = [];
  const addresses: string[] = [];
  for (const entry of splitEntries(text ?? '')) {
    const colon = entry.indexOf(':');
    const kind = entry.slice(0, colon);
    const value = unquote(entry.slice(colon + 1)).toLowerCase();
    if (value === '') continue;
    if (kind === 'DNS') dns.push(value.replace(/\.$/, ''));
    else if (kind === 'URI') uris.push(value);
    else if (kind === 'IP Address') addresses.push(canonicalAddress(value) ?? value);
  }
  return { dns, uris, addresses };
}

function splitEntries(text: string): string[] {
  const entries: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      entries.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' ? entries : [...entries, last];
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : '';
  } catch {
    return '';
  }
}
