import type { SipTransport } from '../../plan/plan.js';
import type { NaptrRecord } from './dns.js';

/** The part of a SIP URI that says where it leads. `SipUri` is one. */
export interface LocateUri {
  readonly scheme: 'sip' | 'sips';
  /** A domain name or an IP literal, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: ReadonlyMap<string, string | true>;
}

/** Why a URI leads nowhere. */
export type LocateFailure =
  /** DNS knows no such name, or nothing there that speaks SIP. */
  | 'nowhere'
  /** DNS did not answer, or not in time. */
  | 'dns'
  /** The URI wants a transport that is switched off here or does not exist. */
  | 'transport'
  /** It leads to an address that may not be called from here. */
  | 'forbidden';

export class LocateError extends Error {
  readonly failure: LocateFailure;

  constructor(failure: LocateFailure, message: string) {
    super(message);
    this.name = 'LocateError';
    this.failure = failure;
  }
}

export function defaultPort(transport: SipTransport): number {
  return transport === 'tls' ? 5061 : 5060;
}

/** RFC 3263 §4.1: the name that SRV records for a transport stand under. */
export function srvName(transport: SipTransport, domain: string): string {
  if (transport === 'udp') return `_sip._udp.${domain}`;
  return transport === 'tcp' ? `_sip._tcp.${domain}` : `_sips._tcp.${domain}`;
}

/**
 * The transport the URI asks for by `transport=` or its scheme (RFC 3263 §4.1). Undefined: it leaves the choice to us.
 * Throws a LocateError when it asks for what cannot be.
 */
export function namedTransport(uri: LocateUri, enabled: readonly SipTransport[]): SipTransport | undefined {
  const param = uri.params.get('transport');
  const named = typeof param === 'string' ? param.toLowerCase() : undefined;
  let transport: SipTransport | undefined;
  if (uri.scheme === 'sips') {
    // `sips` is TLS end to end; `transport=tcp` there means TLS over TCP (RFC 3261 §26.2.2).
    if (named === 'udp') throw new LocateError('transport', 'a sips: URI cannot go over UDP');
    transport = 'tls';
  } else if (named !== undefined) {
    if (named !== 'udp' && named !== 'tcp' && named !== 'tls') {
      throw new LocateError('transport', `the URI asks for transport=${named.slice(0, 20)}; UDP, TCP and TLS are spoken here`);
    }
    transport = named;
  }
  if (transport !== undefined && !enabled.includes(transport)) {
    throw new LocateError('transport', `the URI asks for ${transport}, which is not switched on here`);
  }
  return transport;
}

/** RFC 3263 §4.1: what a numeric host or one with a port gets: UDP, where it is on. */
export function plainTransport(enabled: readonly SipTransport[]): SipTransport {
  const [first] = enabled;
  if (first === undefined) throw new LocateError('transport', 'no SIP transport is switched on here');
  return enabled.includes('udp') ? 'udp' : first;
}

const naptrTransports: Readonly<Record<string, SipTransport>> = { 'SIPS+D2T': 'tls', 'SIP+D2T': 'tcp', 'SIP+D2U': 'udp' };

/** The NAPTR records we can use, in their order, each as the SRV name it points to (RFC 3263 §4.1). */
export function naptrServices(
  records: readonly NaptrRecord[],
  enabled: readonly SipTransport[],
): { readonly transport: SipTransport; readonly name: string }[] {
  const usable: { transport: SipTransport; name: string; record: NaptrRecord }[] = [];
  for (const record of records) {
    const transport = naptrTransports[record.service.toUpperCase()];
    if (!transport || !enabled.includes(transport)) continue;
    // Only the `s` flag, with a replacement: RFC 3263 uses no rewriting.
    if (record.flags.toLowerCase() !== 's' || record.regexp !== '' || record.replacement === '') continue;
    usable.push({ transport, name: record.replacement, record });
  }
  usable.sort((a, b) => a.record.order - b.record.order || a.record.preference - b.record.preference);
  return usable;
}
