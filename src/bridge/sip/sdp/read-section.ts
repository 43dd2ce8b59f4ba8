import type { DtlsParameters } from 'mediasoup/types';
import { isOneHost, isPublicTarget } from '../../../gatekeeper/net/public-address.js';
import { parseFingerprint } from '../../../gatekeeper/sip/sdp-policy/fingerprint.js';
import { protectionOf } from '../../../gatekeeper/sip/sdp-policy/protocols.js';
import type { Direction, RoomLineOptions, RoomLineRemote, SrtpSuite } from '../../media/media.js';
import { chooseCrypto } from './crypto-lines.js';
import { type Description, type MediaSection, valuesOf } from './description.js';

/** What the signalling knows that the session description does not say. */
export interface Surroundings {
  /** Where the sender's request really came from, if that is not what it wrote itself: it is behind a NAT. */
  readonly seenFrom: string | undefined;
  /**
   * Its private addresses are not believed, and its packets are waited for instead: it is on the Internet, and nobody there is to point us at
   * our own network; or it answers a call from a public address of ours, and is behind a NAT.
   */
  readonly publicOnly?: boolean;
}

/** How a line is protected. */
export interface Protection {
  readonly options: RoomLineOptions;
  readonly encryption: RoomLineRemote['encryption'];
  readonly cryptoTag: number;
  readonly setup: 'active' | 'passive';
}

/** What we cannot do with a line: it is in clear; it has DTLS-SRTP without the ICE or rtcp-mux that ours needs. */
export type Unprotected = 'plain' | 'dtlsWithoutIce';

/**
 * Chooses between what a section offers (or, `only`, reads what it has accepted): DTLS-SRTP where its protocol says so or SDES is not
 * there, else SDES.
 */
export function protect(description: Description, section: MediaSection, only?: SrtpSuite): Protection | Unprotected {
  const protection = protectionOf(section.protocol);
  if (protection === 'none' || !/^(?:UDP\/TLS\/)?RTP\/SAVPF?$/i.test(section.protocol)) return 'plain';
  const rtcpMux = section.attributes.includes('rtcp-mux');
  const crypto = protection === 'srtp' ? chooseCrypto(valuesOf(section.attributes, 'crypto'), only) : undefined;
  if (crypto) {
    const { tag, suite, key } = crypto;
    return {
      options: { rtcpMux, encryption: { kind: 'sdes', suite } },
      encryption: { kind: 'sdes', suite, key },
      cryptoTag: tag,
      setup: 'passive',
    };
  }
  const fingerprints = fingerprintsOf(section.attributes) ?? fingerprintsOf(description.attributes);
  if (only !== undefined || !fingerprints || fingerprints.length === 0) return 'plain';
  const usernameFragment = attributeOf(description, section, 'ice-ufrag');
  const password = attributeOf(description, section, 'ice-pwd');
  const setup = attributeOf(description, section, 'setup') ?? 'actpass';
  if (usernameFragment === undefined || password === undefined || !rtcpMux || !isIce(usernameFragment, password)) return 'dtlsWithoutIce';
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') return 'plain';
  // RFC 8842 §5.3: `passive` leaves us to begin. `role` is the other side's.
  const parameters: DtlsParameters = { role: setup === 'passive' ? 'server' : 'client', fingerprints };
  return {
    options: { rtcpMux: true, encryption: { kind: 'dtls' } },
    encryption: { kind: 'dtls', parameters, ice: { usernameFragment, password } },
    cryptoTag: 0,
    setup: setup === 'passive' ? 'active' : 'passive',
  };
}

/** RFC 8445 §5.3: 4 and 22 characters at least, 256 at most. */
function isIce(usernameFragment: string, password: string): boolean {
  return /^[A-Za-z0-9+/]{4,256}$/.test(usernameFragment) && /^[A-Za-z0-9+/]{22,256}$/.test(password);
}

/** Those by hashes that hold; undefined: none is written here, so the session's count. One that is weak or malformed counts as none. */
function fingerprintsOf(attributes: readonly string[]): DtlsParameters['fingerprints'] | undefined {
  const values = valuesOf(attributes, 'fingerprint');
  if (values.length === 0) return undefined;
  return values.slice(0, 16).flatMap((value) => {
    const algorithm = parseFingerprint(value)?.hash;
    if (algorithm !== 'sha-256' && algorithm !== 'sha-384' && algorithm !== 'sha-512') return [];
    return [
      {
        algorithm,
        value: value
          .slice(value.indexOf(' ') + 1)
          .trim()
          .toUpperCase(),
      },
    ];
  });
}

function attributeOf(description: Description, section: MediaSection, name: string): string | undefined {
  return (valuesOf(section.attributes, name)[0] ?? valuesOf(description.attributes, name)[0])?.trim();
}

/** Its own direction (RFC 8866 §6.7), with the older way to hold a call: an address of zeros (RFC 3264 §8.4). */
export function directionOf(description: Description, section: MediaSection): Direction {
  const written = section.attributes.find(isDirection) ?? description.attributes.find(isDirection);
  const direction: Direction = written !== undefined && isDirection(written) ? written : 'sendrecv';
  if (!isUnspecified(addressOf(description, section))) return direction;
  return direction === 'sendrecv' ? 'sendonly' : direction === 'recvonly' ? 'inactive' : direction;
}

function isDirection(attribute: string): attribute is Direction {
  return attribute === 'sendrecv' || attribute === 'sendonly' || attribute === 'recvonly' || attribute === 'inactive';
}

/** Where a section wants its packets. */
export function targetOf(
  description: Description,
  section: MediaSection,
  rtcpMux: boolean,
  { seenFrom, publicOnly }: Surroundings,
): RoomLineRemote['address'] {
  const ip = addressOf(description, section);
  if (!isOneHost(ip)) return 'learn';
  const elsewhere = publicOnly === true || (seenFrom !== undefined && seenFrom !== ip);
  if (elsewhere && !isPublicTarget(ip)) return 'learn';
  // RFC 3605; without it the next port (RFC 3550 §11).
  const rtcp = Number(section.media.rtcp?.port ?? section.port + 1);
  const rtcpPort = rtcpMux ? section.port : rtcp;
  return Number.isInteger(rtcpPort) && rtcpPort > 0 && rtcpPort < 65_536 ? { ip, port: section.port, rtcpPort } : 'learn';
}

function addressOf(description: Description, section: MediaSection): string {
  return String(section.media.connection?.ip ?? description.session.connection?.ip ?? '');
}

function isUnspecified(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

/** `a=ssrc` (RFC 5576), if it names one alone: of several, which is the picture's is open. */
export function ssrcOf(section: MediaSection): number | undefined {
  const named = new Set<string>();
  for (const value of valuesOf(section.attributes, 'ssrc').slice(0, 64)) named.add(value.split(' ', 1)[0] ?? '');
  const [only = ''] = named;
  const ssrc = /^\d{1,10}$/.test(only) ? Number(only) : 0;
  return named.size === 1 && ssrc > 0 && ssrc < 2 ** 32 ? ssrc : undefined;
}
