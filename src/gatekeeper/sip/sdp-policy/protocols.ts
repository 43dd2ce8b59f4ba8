/**
 * How a media line's transport protocol is protected, by its name in the `m=` line. What is not here is plain.
 *
 * - `srtp`: SRTP, keyed by SDES (RFC 4568) or, as first WebRTC and some room systems write it, by DTLS.
 * - `dtls`: keyed or carried by DTLS or TLS, whose certificate the fingerprint pins (RFC 8122).
 *
 * Floor control, data and fax count as media: "every call encrypted" has no exception for whose turn it is to show slides. A room
 * system that offers `UDP/BFCP` beside encrypted video is refused under `encryption: required` until its BFCP is encrypted or off.
 */
export type Protection = 'srtp' | 'dtls' | 'none';

const protocols: ReadonlyMap<string, Protection> = new Map<string, Protection>([
  ['RTP/SAVP', 'srtp'], // RFC 3711
  ['RTP/SAVPF', 'srtp'], // RFC 5124
  ['TCP/RTP/SAVP', 'srtp'], // RFC 4571 framing, RFC 7850
  ['TCP/RTP/SAVPF', 'srtp'],
  ['UDP/TLS/RTP/SAVP', 'dtls'], // RFC 5764
  ['UDP/TLS/RTP/SAVPF', 'dtls'],
  ['TCP/TLS/RTP/SAVP', 'dtls'], // RFC 7850
  ['TCP/TLS/RTP/SAVPF', 'dtls'],
  ['TCP/DTLS/RTP/SAVP', 'dtls'],
  ['TCP/DTLS/RTP/SAVPF', 'dtls'],
  ['UDP/TLS/BFCP', 'dtls'], // RFC 8856
  ['TCP/TLS/BFCP', 'dtls'],
  ['TCP/DTLS/BFCP', 'dtls'],
  ['UDP/DTLS/SCTP', 'dtls'], // RFC 8841
  ['TCP/DTLS/SCTP', 'dtls'],
  ['DTLS/SCTP', 'dtls'], // its drafts, still sent
  ['TCP/TLS/MSRP', 'dtls'], // RFC 4975
  ['UDP/TLS/UDPTL', 'dtls'], // RFC 7345
]);

export function protectionOf(proto: string): Protection {
  return protocols.get(proto.toUpperCase()) ?? 'none';
}
