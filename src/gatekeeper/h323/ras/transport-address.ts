import type { TransportAddress } from '../asn1/h225.js';

/** One end of a datagram or connection. `address` is an IP literal as the system writes it. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** The IP address and port in an H.225.0 TransportAddress. Undefined: it is of another network, or names no port or no host. */
export function socketAddress(address: TransportAddress): SocketAddress | undefined {
  switch (address.type) {
    case 'ipAddress':
      return usable(ipv4Text(address.value.ip), address.value.port);
    case 'ip6Address':
      return usable(ipv6Text(address.value.ip), address.value.port);
    default:
      return undefined;
  }
}

/** The first IP address of a list: endpoints with several networks write IPX or NetBIOS next to it. */
export function firstSocketAddress(addresses: readonly TransportAddress[]): SocketAddress | undefined {
  for (const address of addresses) {
    const found = socketAddress(address);
    if (found) return found;
  }
  return undefined;
}

/** `address` must be an IP literal; an IPv6 zone index is left out, as it means nothing to others. */
export function transportAddress({ address, port }: SocketAddress): TransportAddress {
  if (!address.includes(':')) return { type: 'ipAddress', value: { ip: ipv4Bytes(address), port } };
  return { type: 'ip6Address', value: { ip: ipv6Bytes(address), port } };
}

export function sameSocket(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.address === b.address;
}

function usable(address: string, port: number): SocketAddress | undefined {
  return port === 0 || address === '0.0.0.0' || address === '::' ? undefined : { address, port };
}

function ipv4Text(ip: Uint8Array): string {
  return `${ip[0] ?? 0}.${ip[1] ?? 0}.${ip[2] ?? 0}.${ip[3] ?? 0}`;
}

function ipv4Bytes(address: string): Uint8Array {
  const bytes = new Uint8Array(4);
  let at = 0;
  let part = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === DOT) {
      bytes[at++] = part;
      part = 0;
    } else part = part * 10 + (code - ZERO);
  }
  bytes[at] = part;
  return bytes;
}

const DOT = 46;
const ZERO = 48;

/** RFC 5952: the longest run of two or more zero groups, the first of equals, is `::`; an IPv4-mapped address is the IPv4 address. */
function ipv6Text(ip: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((ip[i] ?? 0) << 8) | (ip[i + 1] ?? 0));
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) return ipv4Text(ip.subarray(12));
  const run = longestZeros(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  return run === undefined ? hex(groups) : `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > 1 && length > (best?.length ?? 0)) best = { start, length };
    start += length;
  }
  return best;
}

function ipv6Bytes(literal: string): Uint8Array {
  const scope = literal.indexOf('%');
  const address = scope < 0 ? literal : literal.slice(0, scope);
  const [head = '', tail] = address.split('::');
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const groups =
    tail === undefined ? front : [...front, ...new Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0), ...back];
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    const group = groups[i] ?? 0;
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const ip = ipv4Bytes(group);
    return [((ip[0] ?? 0) << 8) | (ip[1] ?? 0), ((ip[2] ?? 0) << 8) | (ip[3] ?? 0)];
  });
}
