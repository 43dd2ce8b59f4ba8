import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { MemberAddresses } from '../../state/member-store.js';
import { isLoopback, isWildcard } from '../net/address.js';
import type { TlsOptions } from '../net/tls.js';
import type { Listener } from './here.js';

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * Where other instances reach our listeners. What is advertised is for endpoints, which may come from the other side of a NAT or by a name that
 * all instances share; instances go to the address that is listened on. Listening on every address, as in a container, that is the address
 * advertised, if it is one; else the machine's first that is not internal; else the name advertised.
 *
 * Loopback is told only where there is nothing else: everybody has one of their own.
 * @param interfaces of this machine; for tests
 */
export function memberListeners(
  listeners: readonly Listener[],
  tls: TlsOptions | undefined,
  interfaces: Interfaces = networkInterfaces(),
): MemberAddresses['sip'] {
  const fingerprint = tls && fingerprintOf(tls);
  const told = listeners.map((listener) => {
    const { transport } = listener;
    const place = placeOf(listener, interfaces);
    return transport === 'tls' ? { transport, ...place, fingerprint } : { transport, ...place };
  });
  const outside = told.filter(({ host }) => !isLoopback(host));
  return outside.length > 0 ? outside : told;
}

/** SHA-256 of the certificate that we show, which is the first in its file: upper-case hex with colons. */
export function fingerprintOf({ certificate }: Pick<TlsOptions, 'certificate'>): string {
  return new X509Certificate(certificate).fingerprint256;
}

function placeOf({ address, port, advertised }: Listener, interfaces: Interfaces): { host: string; port: number } {
  if (!isWildcard(address)) return { host: address, port };
  if (advertised && isIP(advertised.host) !== 0) return { host: advertised.host, port: advertised.port ?? port };
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  const outside = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    // A link-local address is none without its link, which is another on each machine.
    .find((one) => one.family === family && !one.internal && !(one.address.startsWith('fe80:') || one.address.startsWith('169.254.')));
  if (outside) return { host: outside.address, port };
  if (advertised) return { host: advertised.host, port: advertised.port ?? port };
  return { host: family === 'IPv6' ? '::1' : '127.0.0.1', port };
}
