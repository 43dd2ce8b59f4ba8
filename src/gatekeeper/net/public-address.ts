import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** RFC 4291 §2.4, and IANA's allocation: global unicast so far is 2000::/3. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP literal belongs to someone on the public Internet: not loopback, private (RFC 1918, RFC 4193), link-local, shared (RFC
 * 6598), multicast, documentation or reserved, and no IPv6 form of an IPv4 address that is. Whoever runs a domain writes its DNS records: without
 * this check a dialled URI could lead us into our own network.
 */
export function isPublicTarget(address: string): boolean {
  // A zone index only makes sense on this machine's own links.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast';
  const inner = embeddedIPv4(parsed);
  if (inner) return inner.range() === 'unicast';
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_UNICAST);
}

/** Whether an IP literal means one host: not many (multicast, broadcast), and not none. The address of a link (`%`) is nobody's elsewhere. */
export function isOneHost(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  const range = ((parsed instanceof ipaddr.IPv6 && embeddedIPv4(parsed)) || parsed).range();
  return range !== 'multicast' && range !== 'broadcast' && range !== 'unspecified';
}

/** The IPv4 address that a translator or tunnel would make of it: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056). Teredo is refused by its range. */
function embeddedIPv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray();
  switch (address.range()) {
    case 'ipv4Mapped':
    case 'rfc6052':
      return new ipaddr.IPv4(bytes.slice(12));
    case '6to4':
      return new ipaddr.IPv4(bytes.slice(2, 6));
    default:
      return undefined;
  }
}
