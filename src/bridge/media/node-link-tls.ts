import { createHmac } from 'node:crypto';
import type { ConnectionOptions, TlsOptions } from 'node:tls';

/**
 * Links between nodes prove the secret that all nodes of a store share, both ways, by TLS itself: RFC 4279's pre-shared keys, with an ephemeral
 * exchange (RFC 8442, RFC 7905), so that nobody who learns the secret later can read what was said. There is no certificate to make or to renew.
 * Node offers pre-shared keys up to TLS 1.2.
 */
const shared = { ciphers: 'ECDHE-PSK-CHACHA20-POLY1305', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;

/** Asked for at each handshake: the store may replace its secret. */
export type Secret = () => Buffer;

export function serverTls(secret: Secret): TlsOptions {
  return { ...shared, handshakeTimeout: 5000, pskCallback: () => keyOf(secret) };
}

/** @param self names us to the other side, for its log */
export function clientTls(secret: Secret, self: string): ConnectionOptions {
  return {
    ...shared,
    // There is no certificate that a name could stand in.
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: keyOf(secret), identity: self }),
  };
}

/** A key for this purpose alone: the secret signs other things as well. */
function keyOf(secret: Secret): Buffer {
  return createHmac('sha256', secret()).update('portvakt bridge link').digest();
}
